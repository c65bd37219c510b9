;; expect: reject import_unknown
;; finding: import_unknown "imports \22\22.\22\22"
(module
  (import "" "" (func))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
