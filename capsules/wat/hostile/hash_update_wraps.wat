;; expect: fault bad_pointer
(module
  (import "tenzik" "hash_update" (func $hash_update (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $hash_update (i32.const -1) (i32.const -1))
    (i32.const 0)))
