;; Each use is named with its function.
;; expect: reject feature_disabled
;; finding: feature_disabled in first "simd"
;; finding: feature_disabled in second "tail-call"
(module
  (memory (export "memory") 1)
  (func $first
    (drop (v128.const i64x2 0 0)))
  (func $second
    (return_call $first))
  (func (export "run") (result i32)
    (i32.const 0)))
