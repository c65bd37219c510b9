;; expect: fault trap_bad_conversion
(module
  (memory (export "memory") 1)
  (global $nan (mut f32) (f32.const nan))
  (func (export "run") (result i32)
    (i32.trunc_f32_s (global.get $nan))))
