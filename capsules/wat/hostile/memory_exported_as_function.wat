;; expect: reject memory_export_kind
(module
  (memory 1)
  (func (export "run") (export "memory") (result i32)
    (i32.const 0)))
