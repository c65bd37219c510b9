;; expect: reject feature_disabled
;; finding: feature_disabled in atomic "uses the feature threads"
(module
  (memory (export "memory") 1)
  (func $atomic (result i32)
    (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
  (func (export "run") (result i32)
    (call $atomic)))
