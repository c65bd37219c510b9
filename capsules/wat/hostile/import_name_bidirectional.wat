;; expect: reject import_unknown
;; finding: import_unknown "\22tenzik\22.\22\\u{202e}daer_tupni\22"
(module
  (import "tenzik" "\e2\80\aedaer_tupni" (func (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
