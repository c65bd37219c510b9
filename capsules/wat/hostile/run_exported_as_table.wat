;; expect: reject run_export_kind
(module
  (memory (export "memory") 1)
  (table (export "run") 1 funcref))
