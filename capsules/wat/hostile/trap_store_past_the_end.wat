;; expect: fault trap_memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i64.store (i32.const 65529) (i64.const 0))
    (i32.const 0)))
