;; expect: fault fuel_exhausted
(module
  (memory (export "memory") 1)
  (table 10000 funcref)
  (func (export "run") (result i32)
    (loop $again
      (table.fill (i32.const 0) (ref.null func) (i32.const 10000))
      (br $again))
    (i32.const 0)))
