;; expect: reject run_export_kind
;; finding: run_export_kind "exports run as a global"
(module
  (memory (export "memory") 1)
  (global (export "run") i32 (i32.const 0)))
