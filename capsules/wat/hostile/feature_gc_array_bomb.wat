;; expect: reject feature_disabled
;; finding: feature_disabled "uses the feature gc"
(module
  (type $bytes (array (mut i64)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (drop (array.new_default $bytes (i32.const 0x7fffffff)))
    (i32.const 0)))
