;; expect: fault trap_integer_overflow
(module
  (memory (export "memory") 1)
  (global $large (mut f64) (f64.const 1e300))
  (func (export "run") (result i32)
    (i32.trunc_f64_s (global.get $large))))
