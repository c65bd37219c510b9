;; The deadline is looked at in every host call.
;; expect: fault time_exceeded
;; limits: fuel=1152921504606846976 host_calls=1099511627776 wall_us=20000
(module
  (import "tenzik" "time_now_ms" (func $time_now_ms (result i64)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $for_ever
      (drop (call $time_now_ms))
      (br $for_ever))
    (i32.const 0)))
