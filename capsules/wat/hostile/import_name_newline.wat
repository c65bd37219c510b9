;; expect: reject import_unknown
;; finding: import_unknown "\22tenzik\22.\22log\\u{a}error: all is well\22"
(module
  (import "tenzik" "log\nerror: all is well" (func (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
