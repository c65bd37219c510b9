;; expect: reject import_unknown
;; finding: import_unknown "imports \22env\22.\22memory\22"
(module
  (import "env" "memory" (memory 1))
  (export "memory" (memory 0))
  (func (export "run") (result i32)
    (i32.const 0)))
