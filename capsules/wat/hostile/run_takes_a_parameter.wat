;; expect: reject run_type
;; finding: run_type "exports run with type (i32) -> i32"
(module
  (memory (export "memory") 1)
  (func (export "run") (param i32) (result i32)
    (local.get 0)))
