;; expect: reject import_unknown
(module
  (import "tenzik" "log " (func (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
