;; expect: reject import_type
;; finding: import_type "with type (i32, i64) -> i32; its type is (i32, i32) -> i32"
(module
  (import "tenzik" "input_read" (func (param i32 i64) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
