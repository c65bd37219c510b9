;; expect: reject import_unknown
(module
  (import "env" "__indirect_function_table" (table 1 funcref))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
