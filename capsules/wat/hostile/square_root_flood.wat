;; expect: fault fuel_exhausted
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $number f64)
    (loop $again
      (local.set $number (f64.sqrt (f64.sqrt (f64.add (local.get $number) (f64.const 1e300)))))
      (br $again))
    (i32.const 0)))
