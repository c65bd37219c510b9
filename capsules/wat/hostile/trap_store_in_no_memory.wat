;; expect: fault trap_memory_out_of_bounds
(module
  (memory (export "memory") 0)
  (func (export "run") (result i32)
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.const 0)))
