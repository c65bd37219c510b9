;; The time is an input of the run and does not pass.
;; expect: ok
;; now: 1763596800123
;; output: "\7b\90\8f\9e\9a\01\00\00"
(module
  (import "tenzik" "time_now_ms" (func $time_now_ms (result i64)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i64.store (i32.const 0) (call $time_now_ms))
    (call $output_write (i32.const 0) (i32.const 8))
    (i64.ne (i64.load (i32.const 0)) (call $time_now_ms))))
