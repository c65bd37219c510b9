;; expect: reject run_type
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32 i32)
    (i32.const 0) (i32.const 0)))
