;; The slowest instruction is charged as such.
;; expect: fault fuel_exhausted
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $number i64)
    (local.set $number (i64.const -1))
    (loop $again
      (local.set $number (i64.sub (i64.const -1)
        (i64.div_u (local.get $number) (i64.or (local.get $number) (i64.const 1)))))
      (br $again))
    (i32.const 0)))
