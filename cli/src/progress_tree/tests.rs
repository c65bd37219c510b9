use tenzik_runtime::scenario::execute::{RunEvent, SettledBody};

use super::Tree;

fn started<'a>(path: &'a str, kind: &'a str, attempt: u32) -> RunEvent<'a> {
    RunEvent::StepStarted {
        path,
        attempt,
        job: "j",
        kind,
        again: false,
    }
}

fn tree(events: &[(u64, RunEvent<'_>)]) -> Tree {
    let mut tree = Tree::default();
    for (at_ms, event) in events {
        tree.apply(*at_ms, event);
    }
    tree
}

#[test]
fn a_transcript() {
    let ok = SettledBody {
        state: "ok",
        ..SettledBody::default()
    };
    let failed = SettledBody {
        state: "failed",
        ..SettledBody::default()
    };
    let mut events = vec![
        (
            0,
            RunEvent::RunStarted {
                run: "4f",
                scenario: "lab",
                steps: 4,
                resumed: false,
            },
        ),
        (
            10,
            RunEvent::StepSettled {
                path: "targets",
                state: &ok,
            },
        ),
        (20, started("sweep[0].scan", "scan", 1)),
        (20, started("sweep[1].scan", "scan", 1)),
        (
            30,
            RunEvent::StepQueued {
                path: "sweep[2].scan",
                attempt: 1,
                reason: "busy",
            },
        ),
    ];
    assert_eq!(
        tree(&events).render(80, 20, 1_500),
        [
            "lab  1 ended, 3 running  1.50 s",
            "  ⟳ sweep  0/3 items",
            "  ▶ sweep[0].scan  scan  1.48 s",
            "  ▶ sweep[1].scan  scan  1.48 s",
            "  … sweep[2].scan  waits for the machine  1.47 s",
        ]
    );
    events.extend([
        (
            500,
            RunEvent::StepSettled {
                path: "sweep[0].scan",
                state: &ok,
            },
        ),
        (
            600,
            RunEvent::StepRetry {
                path: "sweep[1].scan",
                attempt: 2,
                wait_ms: 100,
            },
        ),
        (700, started("sweep[1].scan", "scan", 2)),
        (
            800,
            RunEvent::StepSettled {
                path: "sweep[2].scan",
                state: &failed,
            },
        ),
        (900, RunEvent::RunStopping { cause: "cancelled" }),
    ]);
    assert_eq!(
        tree(&events).render(80, 20, 61_000),
        [
            "lab  3 ended, 1 running, 1 failed, ends  1:01",
            "  ⟳ sweep  2/3 items",
            "  ▶ sweep[1].scan  scan, attempt 2  1:00",
        ]
    );
    // Narrow and low terminals, also such that say they have nothing.
    assert_eq!(
        tree(&events).render(24, 2, 61_000),
        ["lab  3 ended, 1 running…", "  … and 2 more"]
    );
    assert_eq!(tree(&events).render(0, 0, 0).len(), 1);
}

#[test]
fn thousands_of_jobs_take_no_more_lines_than_there_are() {
    let paths: Vec<String> = (0..5_000)
        .map(|index| format!("sweep[{index}].\n\u{1b}scan"))
        .collect();
    let events: Vec<_> = paths
        .iter()
        .map(|path| (1, started(path, "scan", 1)))
        .collect();
    let lines = tree(&events).render(40, 10, 5);
    assert_eq!(lines.len(), 10);
    assert!(
        lines
            .iter()
            .all(|line| line.chars().count() <= 40 && !line.contains('\n'))
    );
    for path in ["x[", "x]", "x[99999999999999999999].y", "[0]", ""] {
        tree(&[(1, started(path, "run", 1))]).render(40, 10, 5);
    }
}

#[test]
fn items_are_counted_of_all_that_a_loop_has() {
    let running = |items_ended: usize| SettledBody {
        state: "running",
        items: Some(40),
        items_ended: Some(items_ended),
        ..SettledBody::default()
    };
    let ok = SettledBody {
        state: "ok",
        ..SettledBody::default()
    };
    let (begins, goes_on) = (running(0), running(11));
    for (state, shown) in [(&begins, "1/40"), (&goes_on, "12/40")] {
        let sweep = RunEvent::StepSettled {
            path: "sweep",
            state,
        };
        // A loop in an item changes nothing.
        let inner = RunEvent::StepSettled {
            path: "sweep[11].inner",
            state: &begins,
        };
        let done = RunEvent::StepSettled {
            path: "sweep[11].scan",
            state: &ok,
        };
        let lines = tree(&[
            (0, sweep),
            (1, inner),
            (1, started("sweep[11].scan", "scan", 1)),
            (1, started("sweep[12].scan", "scan", 1)),
            (2, done),
        ])
        .render(80, 20, 5);
        assert_eq!(lines[1], format!("  ⟳ sweep  {shown} items"));
    }
}
