;; The instance cannot even be made; the capsule is at fault, not tenzik.
;; expect: fault trap_memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (data (i32.const 65535) "ab")
  (func (export "run") (result i32)
    (i32.const 0)))
