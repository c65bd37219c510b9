;; expect: fault trap_division_by_zero
(module
  (memory (export "memory") 1)
  (global $zero (mut i64) (i64.const 0))
  (func (export "run") (result i32)
    (i32.wrap_i64 (i64.rem_u (i64.const 1) (global.get $zero)))))
