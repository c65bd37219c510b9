;; expect: fault trap_integer_overflow
(module
  (memory (export "memory") 1)
  (global $least (mut i32) (i32.const 0x80000000))
  (func (export "run") (result i32)
    (i32.div_s (global.get $least) (i32.const -1))))
