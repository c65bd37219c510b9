;; expect: reject import_kind feature_disabled
(module
  (import "tenzik" "input_read" (tag (param i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
