;; The price of a call is taken before its work is done.
;; expect: fault fuel_exhausted
;; limits: fuel=1000
;; output: ""
;; fuel: exact
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $output_write (i32.const 0) (i32.const 65536))
    (i32.const 0)))
