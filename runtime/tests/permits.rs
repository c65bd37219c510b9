//! Permits, and more runs at a time than there are instances.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tenzik_runtime::{EngineFailure, EngineOptions, Input, InputStream, Policy, Runtime, Status};

use crate::fixture;
use crate::world::{pooled, request, wasm};

#[test]
fn a_permit_for_another_capsule_runs_nothing() {
    let policy = Policy::default();
    let text = |code: i32| {
        format!(
            r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const {code})))"#
        )
    };
    let one = pooled().examine(&wasm(&text(1)), &policy);
    let two = pooled().examine(&wasm(&text(2)), &policy);
    let prepared = pooled().prepare(one.admitted().unwrap().0).unwrap();
    let failure = pooled()
        .execute(
            &prepared,
            two.admitted().unwrap().1,
            request(Input::empty()),
        )
        .unwrap_err();
    assert!(
        matches!(&failure, EngineFailure::Permit { .. }),
        "{failure}"
    );
    assert!(
        failure
            .to_string()
            .contains(&two.admitted().unwrap().0.id().to_string())
    );
}

/// Empty; its end comes when the gate opens.
#[derive(Clone, Default)]
struct Gate {
    arrived: Arc<AtomicUsize>,
    open: Arc<AtomicBool>,
}

impl InputStream for Gate {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.arrived.fetch_add(1, Ordering::SeqCst);
        while !self.open.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        Ok(0)
    }

    fn waits(&self) -> bool {
        true
    }
}

#[test]
fn runs_wait_for_an_instance() {
    const INSTANCES: usize = 2;
    const RUNS: usize = 12;
    let runtime = Runtime::new(&EngineOptions {
        pool_instances: INSTANCES as u32,
        cache_modules_max: 10,
        ..EngineOptions::default()
    })
    .unwrap();
    let echo = wasm(&std::fs::read_to_string(&fixture::named("ok/echo").path).unwrap());
    let examination = runtime.examine(&echo, &Policy::default());
    let (capsule, permit) = examination.admitted().unwrap();
    let prepared = runtime.prepare(capsule).unwrap();
    let gate = Gate::default();
    let (arrived, waiting) = std::thread::scope(|scope| {
        let run = || {
            let input = Input::Stream(Box::new(gate.clone()));
            runtime
                .execute(&prepared, permit, request(input))
                .unwrap()
                .status
        };
        let runs: Vec<_> = (0..RUNS).map(|_| scope.spawn(run)).collect();
        // Before the gate opens, each run comes to its input or waits for an instance.
        let counts = loop {
            let arrived = gate.arrived.load(Ordering::SeqCst);
            let waiting = runtime.engine().waiting_runs();
            if arrived + waiting >= RUNS {
                break (arrived, waiting);
            }
            std::thread::yield_now();
        };
        gate.open.store(true, Ordering::SeqCst);
        for run in runs {
            assert_eq!(run.join().unwrap(), Status::Ok);
        }
        counts
    });
    assert_eq!((arrived, waiting), (INSTANCES, RUNS - INSTANCES));
    assert_eq!(runtime.engine().waiting_runs(), 0);
}

#[test]
fn an_instance_keeps_nothing_of_the_run_before() {
    let runtime = Runtime::new(&EngineOptions {
        pool_instances: 1,
        cache_modules_max: 10,
        ..EngineOptions::default()
    })
    .unwrap();
    // Fails with what it finds in memory, global and table; then leaves traces in all three.
    let text = r#"(module
        (memory (export "memory") 1)
        (global $count (mut i32) (i32.const 0))
        (table $table 1 1 funcref)
        (elem declare func $run)
        (func $run (export "run") (result i32)
            (local $found i32)
            (local.set $found (i32.or (global.get $count) (i32.or
                (i32.eqz (ref.is_null (table.get $table (i32.const 0))))
                (i32.load (i32.const 65532)))))
            (memory.fill (i32.const 0) (i32.const 255) (i32.const 65536))
            (global.set $count (i32.const 1))
            (table.set $table (i32.const 0) (ref.func $run))
            (drop (memory.grow (i32.const 40)))
            (memory.fill (i32.const 65536) (i32.const 255) (i32.const 2621440))
            (local.get $found)))"#;
    let reader = r#"(module
        (memory (export "memory") 41)
        (func (export "run") (result i32) (local $at i32) (local $found i64)
            (loop $next
                (local.set $found (i64.or (local.get $found) (i64.load (local.get $at))))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if $next (i32.lt_u (local.get $at) (i32.const 2686976))))
            (i64.ne (local.get $found) (i64.const 0))))"#;
    for round in 0..6 {
        let examination = runtime.examine(
            &wasm(if round % 2 == 0 { text } else { reader }),
            &Policy::default(),
        );
        let (capsule, permit) = examination.admitted().unwrap();
        let prepared = runtime.prepare(capsule).unwrap();
        let outcome = runtime
            .execute(&prepared, permit, request(Input::empty()))
            .unwrap();
        assert_eq!(outcome.status, Status::Ok, "round {round}");
    }
}
