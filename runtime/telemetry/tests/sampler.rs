//! The thread of a sampler.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tenzik_telemetry::{Machine, Sampler, SamplerOptions, process_cpu_us, thread_cpu_us};

use crate::recorded::{options, tree};

#[test]
fn there_is_a_sample_from_the_beginning_and_newer_ones_follow() {
    let sampler = Sampler::start(SamplerOptions {
        interval: Duration::ZERO,
        ..options(&tree("plain"))
    })
    .unwrap();
    let first = sampler.latest();
    assert!(first.id >= 1 && first.memory.is_some());
    while sampler.latest().id < first.id + 3 {
        std::thread::yield_now();
    }
}

/// Threads with a [`Mark`] that have ended.
static ENDED: AtomicU32 = AtomicU32::new(0);

struct Mark;

impl Drop for Mark {
    fn drop(&mut self) {
        ENDED.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static MARK: Mark = const { Mark };
}

fn marking_clock() -> u64 {
    MARK.with(|_| 0)
}

#[test]
fn a_sampler_has_ended_when_its_drop_returns() {
    let options = || SamplerOptions {
        clock: marking_clock,
        interval: Duration::ZERO,
        ..options(&tree("plain"))
    };
    for count in 1..=20 {
        let sampler = Sampler::start(options()).unwrap();
        while sampler.latest().id < 2 {
            std::thread::yield_now();
        }
        drop(sampler);
        assert_eq!(ENDED.load(Ordering::SeqCst), count);
    }
    // A minute, the longest interval, is not waited out.
    let options = SamplerOptions {
        interval: Duration::MAX,
        ..options()
    };
    drop(Sampler::start(options).unwrap());
}

#[test]
fn the_use_of_a_thread_is_its_own() {
    let before = (thread_cpu_us(), process_cpu_us());
    while thread_cpu_us() < before.0 + 2_000 {
        std::hint::spin_loop();
    }
    assert!(process_cpu_us() >= before.1 + 2_000);
    let elsewhere = std::thread::spawn(thread_cpu_us).join().unwrap();
    assert!(elsewhere < thread_cpu_us());
}

#[test]
fn this_machine_can_be_read() {
    let mut machine = Machine::new(SamplerOptions::new(std::env::temp_dir(), || 7));
    machine.look();
    let sample = machine.look();
    assert_eq!((sample.id, sample.at_ms), (2, 7));
    if cfg!(target_os = "linux") {
        assert!(sample.memory.is_some() && sample.cpus.is_some() && sample.own.is_some());
    }
}
