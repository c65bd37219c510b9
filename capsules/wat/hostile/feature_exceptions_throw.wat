;; expect: reject feature_disabled
;; finding: feature_disabled in thrower "uses the feature exception-handling"
(module
  (memory (export "memory") 1)
  (tag $error (param i32))
  (func $thrower
    (throw $error (i32.const 1)))
  (func (export "run") (result i32)
    (call $thrower)
    (i32.const 0)))
