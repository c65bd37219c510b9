;; expect: reject feature_disabled
;; finding: feature_disabled in small "uses the feature gc"
(module
  (memory (export "memory") 1)
  (func $small (result i32)
    (i31.get_s (ref.i31 (i32.const 1))))
  (func (export "run") (result i32)
    (call $small)))
