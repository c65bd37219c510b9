;; expect: reject feature_disabled
;; finding: feature_disabled in wide "wide-arithmetic"
(module
  (memory (export "memory") 1)
  (func $wide (result i64 i64)
    (i64.mul_wide_u (i64.const 1) (i64.const 2)))
  (func (export "run") (result i32)
    (i32.const 0)))
