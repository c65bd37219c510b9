;; expect: fault host_calls_exceeded
;; fuel: exact
(module
  (import "tenzik" "time_now_ms" (func $time_now_ms (result i64)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $again
      (drop (call $time_now_ms))
      (br $again))
    (i32.const 0)))
