;; expect: fault trap_table_out_of_bounds
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem $passive func 0)
  (func (export "run") (result i32)
    (table.init $passive (i32.const 1) (i32.const 0) (i32.const 1))
    (i32.const 0)))
