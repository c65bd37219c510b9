;; expect: fault fuel_exhausted
(module
  (import "tenzik" "random_bytes" (func $random_bytes (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "run") (result i32)
    (loop $again
      (call $random_bytes (i32.const 0) (i32.const 1048576))
      (br $again))
    (i32.const 0)))
