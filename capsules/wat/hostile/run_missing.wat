;; expect: reject run_missing
(module
  (memory (export "memory") 1)
  (func (export "ran") (result i32)
    (i32.const 0)))
