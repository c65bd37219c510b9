;; The base fuel is used up after some thousand bytes; the input grants the rest.
;; expect: ok
;; input-size: 100000
;; limits: fuel=10000 fuel_per_byte=100
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $len i32)
    (loop $next
      (local.set $len (call $input_read (i32.const 0) (i32.const 1024)))
      (br_if $next (local.get $len)))
    (i32.const 0)))
