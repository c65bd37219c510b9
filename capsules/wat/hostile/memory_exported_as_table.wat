;; expect: reject memory_export_kind
(module
  (table (export "memory") 1 funcref)
  (func (export "run") (result i32)
    (i32.const 0)))
