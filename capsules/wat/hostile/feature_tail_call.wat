;; expect: reject feature_disabled
;; finding: feature_disabled in forever "uses the feature tail-call"
(module
  (memory (export "memory") 1)
  (func $forever (result i32)
    (return_call $forever))
  (func (export "run") (result i32)
    (call $forever)))
