;; expect: fault trap_table_out_of_bounds
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (func (export "run") (result i32)
    (call_indirect (result i32) (i32.const 1))))
