;; A Cyrillic letter is not the Latin one.
;; expect: reject import_unknown
;; finding: import_unknown "\22tenzik\22.\22l\\u{43e}g\22"
(module
  (import "tenzik" "lоg" (func (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
