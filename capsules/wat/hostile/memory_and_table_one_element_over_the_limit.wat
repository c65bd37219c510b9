;; Tables count for the limit.
;; expect: reject memory_minimum
;; limits: memory_bytes=131072
(module
  (memory (export "memory") 2)
  (table 1 funcref)
  (func (export "run") (result i32)
    (i32.const 0)))
