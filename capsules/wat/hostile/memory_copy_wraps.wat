;; expect: fault trap_memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (memory.copy (i32.const 0) (i32.const -16) (i32.const 32))
    (i32.const 0)))
