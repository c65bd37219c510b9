;; expect: fault fuel_exhausted
;; limits: fuel=50000
(module
  (memory (export "memory") 1)
  (table 0 funcref)
  (func (export "run") (result i32)
    (drop (table.grow (ref.null func) (i32.const 100000)))
    (i32.const 0)))
