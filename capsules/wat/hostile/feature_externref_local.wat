;; expect: reject feature_disabled
;; finding: feature_disabled in holder "reference types other than funcref"
(module
  (memory (export "memory") 1)
  (func $holder (local externref))
  (func (export "run") (result i32)
    (i32.const 0)))
