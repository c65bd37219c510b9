;; expect: reject memory_export_kind
(module
  (memory 1)
  (global (export "memory") i32 (i32.const 0))
  (func (export "run") (result i32)
    (i32.const 0)))
