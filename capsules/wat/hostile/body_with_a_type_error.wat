;; expect: reject module_invalid
;; finding: module_invalid in wrong ""
(module
  (memory (export "memory") 1)
  (func $wrong (result i32)
    (i64.const 0))
  (func (export "run") (result i32)
    (call $wrong)))
