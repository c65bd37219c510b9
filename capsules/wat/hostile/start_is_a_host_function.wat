;; No host function has the type of a start function.
;; expect: reject module_invalid
(module
  (import "tenzik" "time_now_ms" (func $time_now_ms (result i64)))
  (memory (export "memory") 1)
  (start $time_now_ms)
  (func (export "run") (result i32)
    (i32.const 0)))
