;; The second import of the same name is checked as well.
;; expect: reject import_type
(module
  (import "tenzik" "log" (func (param i32 i32 i32)))
  (import "tenzik" "log" (func (param i64 i64 i64)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
