//! Turns an nmap XML report into one line of compact JSON; see the crate `nmap-report`.

#![no_std]

use nmap_report::{Parser, Source};
use tenzik_sdk::{fail, input_read};

/// The input of the run.
struct Input;

impl Source for Input {
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        input_read(buffer)
    }

    fn fail(&mut self, message: &[u8]) -> ! {
        fail(1, message)
    }
}

fn nmap_parse(parser: &mut Parser<Input>) {
    parser.start();
    parser.document();
}

tenzik_sdk::capsule!(nmap_parse, Parser<Input> = Parser::new(Input));
