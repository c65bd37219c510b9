;; expect: reject module_invalid
(module
  (memory (export "memory") 1)
  (func (result i32) (i32.const 0))
  (export "run" (func 7)))
