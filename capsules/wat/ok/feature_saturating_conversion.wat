;; expect: ok
(module
  (memory (export "memory") 1)
  (global $nan (mut f64) (f64.const nan))
  (func (export "run") (result i32)
    (i32.add
      (i32.trunc_sat_f64_s (global.get $nan))
      (i32.sub (i32.trunc_sat_f64_s (f64.const 1e300)) (i32.const 0x7fffffff)))))
