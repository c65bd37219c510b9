;; A refused feature does not hide that the module is broken.
;; expect: reject feature_disabled module_invalid
;; finding: feature_disabled in lanes "simd"
;; finding: module_invalid in wrong ""
(module
  (memory (export "memory") 1)
  (func $lanes
    (drop (v128.const i64x2 0 0)))
  (func $wrong (result i32)
    (i64.const 0))
  (func (export "run") (result i32)
    (i32.const 0)))
