;; expect: fault trap_memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (memory.fill (i32.const 65530) (i32.const 0) (i32.const 7))
    (i32.const 0)))
