;; expect: fault memory_exceeded
;; limits: fuel=100000000000
(module
  (memory (export "memory") 1)
  (table 0 funcref)
  (func (export "run") (result i32)
    (drop (table.grow (ref.null func) (i32.const -1)))
    (i32.const 0)))
