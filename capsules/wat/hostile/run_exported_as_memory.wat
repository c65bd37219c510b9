;; expect: reject run_export_kind
(module
  (memory (export "memory") (export "run") 1))
