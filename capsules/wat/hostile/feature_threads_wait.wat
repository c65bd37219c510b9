;; Waiting for a notification that never comes would not cost fuel.
;; expect: reject feature_disabled memory_shared
;; finding: feature_disabled in wait "uses the feature threads"
(module
  (memory (export "memory") 1 1 shared)
  (func $wait (result i32)
    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
  (func (export "run") (result i32)
    (call $wait)))
