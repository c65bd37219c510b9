;; expect: reject import_kind
;; finding: import_kind "as a global"
(module
  (import "tenzik" "input_read" (global i32))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
