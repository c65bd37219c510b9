//! Rolls five dice: `{"time_ms":1767225600000,"rolls":[6,1,3,3,5]}`. The time and the seed of the
//! run determine the output.
#![no_std]

use tenzik_sdk::{Output, random_bytes, time_now_ms};

const DICE: usize = 5;

fn dice() {
    let mut output = Output::<128>::new();
    output.bytes(b"{\"time_ms\":");
    let time = time_now_ms();
    if time < 0 {
        output.byte(b'-');
    }
    output.decimal(time.unsigned_abs());
    output.bytes(b",\"rolls\":[");
    for index in 0..DICE {
        if index > 0 {
            output.byte(b',');
        }
        output.byte(b'1' + roll());
    }
    output.bytes(b"]}\n");
    output.flush();
}

/// A number from 0 to 5, each as likely as the others: 252 is the largest multiple of 6 in a byte,
/// so the four values from there on are drawn again.
fn roll() -> u8 {
    loop {
        let mut byte = [0];
        random_bytes(&mut byte);
        if let [value @ 0..252] = byte {
            return value % 6;
        }
    }
}

tenzik_sdk::capsule!(dice);
