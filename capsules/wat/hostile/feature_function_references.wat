;; expect: reject feature_disabled
;; finding: feature_disabled in caller "uses the feature function-references"
(module
  (type $callee (func (result i32)))
  (memory (export "memory") 1)
  (elem declare func $zero)
  (func $zero (type $callee)
    (i32.const 0))
  (func $caller (result i32)
    (call_ref $callee (ref.func $zero)))
  (func (export "run") (result i32)
    (call $caller)))
