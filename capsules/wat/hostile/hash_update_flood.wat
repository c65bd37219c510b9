;; expect: fault fuel_exhausted
;; limits: wall_us=20000000
(module
  (import "tenzik" "hash_update" (func $hash_update (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "run") (result i32)
    (loop $again
      (call $hash_update (i32.const 0) (i32.const 1048576))
      (br $again))
    (i32.const 0)))
