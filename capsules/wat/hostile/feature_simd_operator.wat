;; expect: reject feature_disabled
;; finding: feature_disabled in lanes "uses the feature simd"
(module
  (memory (export "memory") 1)
  (func $lanes (result i32)
    (i32x4.extract_lane 0 (i32x4.splat (i32.const 0))))
  (func (export "run") (result i32)
    (call $lanes)))
