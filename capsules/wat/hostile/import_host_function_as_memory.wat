;; expect: reject import_kind
(module
  (import "tenzik" "input_read" (memory 1))
  (export "memory" (memory 0))
  (func (export "run") (result i32)
    (i32.const 0)))
