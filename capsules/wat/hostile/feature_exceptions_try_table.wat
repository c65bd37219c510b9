;; expect: reject feature_disabled
;; finding: feature_disabled in catcher "uses the feature exception-handling"
(module
  (memory (export "memory") 1)
  (tag $error)
  (func $catcher
    (block $caught
      (try_table (catch_all $caught))))
  (func (export "run") (result i32)
    (call $catcher)
    (i32.const 0)))
