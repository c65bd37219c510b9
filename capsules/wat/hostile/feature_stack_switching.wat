;; expect: reject feature_disabled
;; finding: feature_disabled "stack-switching"
(module
  (type $function (func))
  (type $continuation (cont $function))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
