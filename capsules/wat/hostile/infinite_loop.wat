;; expect: fault fuel_exhausted
;; fuel: exact
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $for_ever (br $for_ever))
    (i32.const 0)))
