;; expect: reject structure_limit memory_minimum
(module
  (memory (export "memory") 1)
  (table 10000000 funcref)
  (func (export "run") (result i32)
    (i32.const 0)))
