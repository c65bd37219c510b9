//! The guard by table.

use tenzik_telemetry::{Admit, Guard, GuardLimits, GuardState, Memory, Pressure, Sample, decide};

/// A sample with these shares of used memory and of time that tasks waited for a processor.
fn sample(memory: Option<u64>, pressure: Option<f64>) -> Sample {
    Sample {
        at_ms: 1_795_000_000_000,
        memory: memory.map(|used| Memory {
            total_bytes: 1000 << 20,
            available_bytes: (1000 - used) << 20,
            is_control_group: false,
        }),
        cpu_pressure: pressure.map(|some_avg10| Pressure {
            some_avg10,
            full_avg10: None,
        }),
        ..Sample::default()
    }
}

fn word(admit: &Admit) -> &'static str {
    match admit {
        Admit::Now => "now",
        Admit::Queue { .. } => "queue",
        Admit::Refuse { .. } => "refuse",
    }
}

#[test]
fn decisions_by_table() {
    let cases = [
        // memory in per mille, pressure, refusing, running, decision
        (None, None, false, 4, "now"),
        (Some(0), Some(0.0), false, 4, "now"),
        (Some(800), Some(40.0), false, 4, "now"),
        (Some(801), Some(0.0), false, 0, "refuse"),
        (Some(801), Some(99.0), false, 4, "refuse"),
        (Some(1000), None, false, 0, "refuse"),
        // Refused before: less has to be used.
        (Some(800), None, true, 0, "refuse"),
        (Some(750), None, true, 0, "refuse"),
        (Some(749), None, true, 0, "now"),
        (Some(749), Some(90.0), true, 4, "queue"),
        (None, None, true, 0, "now"),
        // Pressure: one job runs all the same.
        (Some(100), Some(40.1), false, 1, "queue"),
        (Some(100), Some(100.0), false, 0, "now"),
        (None, Some(100.0), false, 7, "queue"),
        (None, Some(f64::NAN), false, 7, "now"),
    ];
    for (memory, pressure, refusing, running, decision) in cases {
        let state = GuardState {
            refusing,
            running,
            is_pure: false,
        };
        let admit = decide(&sample(memory, pressure), &state, &GuardLimits::default());
        assert_eq!(
            word(&admit),
            decision,
            "{memory:?} {pressure:?} {state:?}: {admit:?}"
        );
        // Pure jobs never queue, and are refused like others.
        let is_pure = GuardState {
            is_pure: true,
            ..state
        };
        let pure = decide(&sample(memory, pressure), &is_pure, &GuardLimits::default());
        let expected = if decision == "refuse" {
            "refuse"
        } else {
            "now"
        };
        assert_eq!(word(&pure), expected, "{memory:?} {pressure:?} {is_pure:?}");
        let off = decide(&sample(memory, pressure), &state, &GuardLimits::off());
        assert_eq!(off, Admit::Now);
    }
}

#[test]
fn the_load_stands_in_for_the_pressure() {
    let loaded = |load, cpus, pressure| Sample {
        load1: load,
        cpus,
        ..sample(None, pressure)
    };
    let cases = [
        (loaded(Some(8.1), Some(2), None), "queue"),
        (loaded(Some(8.0), Some(2), None), "now"),
        (loaded(Some(8.1), None, None), "now"),
        (loaded(Some(8.1), Some(0), None), "queue"),
        // What the kernel says about waiting counts more.
        (loaded(Some(99.0), Some(1), Some(5.0)), "now"),
    ];
    for (sample, decision) in cases {
        let state = GuardState {
            refusing: false,
            running: 1,
            is_pure: false,
        };
        let admit = decide(&sample, &state, &GuardLimits::default());
        assert_eq!(word(&admit), decision, "{sample:?}");
    }
}

#[test]
fn memory_is_refused_until_it_is_well_below() {
    let mut guard = Guard::new(GuardLimits::default());
    let path = [
        (700, "now"),
        (790, "now"),
        (810, "refuse"),
        (790, "refuse"),
        (760, "refuse"),
        (740, "now"),
        (790, "now"),
        (801, "refuse"),
    ];
    for (memory, decision) in path {
        assert_eq!(
            word(&guard.admit(&sample(Some(memory), None), 0, false)),
            decision,
            "{memory}"
        );
    }
}

/// Value, limit, window and remedy are in what is said.
#[test]
fn messages_say_value_limit_and_window() {
    let state = GuardState {
        refusing: false,
        running: 1,
        is_pure: false,
    };
    let limits = GuardLimits::default();
    let Admit::Refuse {
        code,
        message,
        remedy,
    } = decide(&sample(Some(834), None), &state, &limits)
    else {
        panic!()
    };
    assert_eq!(code, "memory_guard");
    assert_eq!(
        message,
        "83.4 % of the machine's memory is used (834 MiB of 1000 MiB), over 80 %; over 80 % no job starts until it is below 75 % (one sample, taken at 1795000000000 ms)"
    );
    assert!(remedy.contains("--guard-memory 90"), "{remedy}");
    let Admit::Queue { reason } = decide(&sample(None, Some(91.26)), &state, &limits) else {
        panic!()
    };
    assert_eq!(
        reason,
        "tasks waited for a processor in 91.3 % of the last 10 s, over 40 %; jobs queue until it is less; --no-guard starts them at once"
    );
}

#[test]
fn limits_are_read() {
    let default = GuardLimits::default();
    let cases = [
        ("off", GuardLimits::off()),
        (
            "memory=90",
            GuardLimits {
                memory_refuse_percent: Some(90.0),
                memory_admit_percent: 85.0,
                ..default
            },
        ),
        (
            "memory=90:60",
            GuardLimits {
                memory_refuse_percent: Some(90.0),
                memory_admit_percent: 60.0,
                ..default
            },
        ),
        (
            "memory=1",
            GuardLimits {
                memory_refuse_percent: Some(1.0),
                memory_admit_percent: 1.0,
                ..default
            },
        ),
        (
            "memory=off,cpu=60.5",
            GuardLimits {
                memory_refuse_percent: None,
                cpu_pressure_percent: Some(60.5),
                ..default
            },
        ),
        (
            "load=off,jobs=3",
            GuardLimits {
                load_per_cpu: None,
                jobs_always: 3,
                ..default
            },
        ),
    ];
    for (text, limits) in cases {
        assert_eq!(text.parse(), Ok(limits), "{text}");
    }
    for text in [
        "",
        "memory",
        "memory=",
        "memory=101",
        "memory=0",
        "memory=nan",
        "cpu=inf",
        "cpu=-1",
        "disk=4",
        "memory=90,",
        "jobs=-1",
        "jobs=1.5",
        "off,off",
        "memory=90:",
    ] {
        let error = text.parse::<GuardLimits>().unwrap_err().to_string();
        assert!(error.contains("guard limit"), "{text}: {error}");
    }
}
