;; expect: reject import_type
(module
  (import "tenzik" "time_now_ms" (func (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
