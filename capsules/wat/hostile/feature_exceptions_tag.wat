;; expect: reject feature_disabled
;; finding: feature_disabled "uses the feature exception-handling"
(module
  (memory (export "memory") 1)
  (tag $error (param i32))
  (func (export "run") (result i32)
    (i32.const 0)))
