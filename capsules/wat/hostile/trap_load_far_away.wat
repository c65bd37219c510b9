;; Address and offset together are more than 32 bits.
;; expect: fault trap_memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.load offset=0xffffffff (i32.const -1))))
