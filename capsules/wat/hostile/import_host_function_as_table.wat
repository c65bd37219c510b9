;; expect: reject import_kind
(module
  (import "tenzik" "input_read" (table 1 funcref))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
