;; expect: reject feature_disabled
;; finding: feature_disabled "reference types other than funcref"
(module
  (memory (export "memory") 1)
  (table 1 externref)
  (func (export "run") (result i32)
    (i32.const 0)))
