;; expect: reject feature_disabled
;; finding: feature_disabled "uses the feature simd"
(module
  (memory (export "memory") 1)
  (func (param v128))
  (func (export "run") (result i32)
    (i32.const 0)))
