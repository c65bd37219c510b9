;; expect: failure -2147483648 ""
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0x80000000)))
