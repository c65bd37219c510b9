;; expect: reject import_unknown
;; finding: import_unknown "\22a\\u{1b}]0;owned\\u{7}\22.\22\\u{1b}[2J\22"
(module
  (import "a\1b]0;owned\07" "\1b[2J" (func))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
