;; expect: fault fuel_exhausted
(module
  (table 10000 funcref)
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $again
      (table.copy (i32.const 0) (i32.const 1) (i32.const 9999))
      (br $again))
    (i32.const 0)))
