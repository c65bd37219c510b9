;; expect: reject feature_disabled
;; finding: feature_disabled "uses the feature gc"
(module
  (type $pair (struct (field i32) (field i32)))
  (memory (export "memory") 1)
  (func $make
    (drop (struct.new $pair (i32.const 1) (i32.const 2))))
  (func (export "run") (result i32)
    (call $make)
    (i32.const 0)))
