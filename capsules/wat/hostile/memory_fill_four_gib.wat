;; The price of so many bytes is taken before the bounds are looked at.
;; expect: fault fuel_exhausted
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const -1))
    (i32.const 0)))
