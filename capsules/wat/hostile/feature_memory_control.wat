;; expect: reject feature_disabled
;; finding: feature_disabled in discard "memory-control"
(module
  (memory (export "memory") 1)
  (func $discard
    (memory.discard (i32.const 0) (i32.const 0)))
  (func (export "run") (result i32)
    (i32.const 0)))
