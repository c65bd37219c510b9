;; expect: reject feature_disabled
;; finding: feature_disabled in lanes "uses the feature relaxed-simd"
(module
  (memory (export "memory") 1)
  (func $lanes (result v128)
    (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0)))
  (func (export "run") (result i32)
    (i32.const 0)))
