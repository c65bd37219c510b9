;; expect: fault trap_division_by_zero
(module
  (memory (export "memory") 1)
  (global $zero (mut i32) (i32.const 0))
  (func (export "run") (result i32)
    (i32.div_s (i32.const 1) (global.get $zero))))
