;; expect: ok
;; now: -1
(module
  (import "tenzik" "time_now_ms" (func $time_now_ms (result i64)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i64.ne (call $time_now_ms) (i64.const -1))))
