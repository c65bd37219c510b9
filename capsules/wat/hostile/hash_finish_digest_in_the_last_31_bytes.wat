;; expect: fault bad_pointer
(module
  (import "tenzik" "hash_finish" (func $hash_finish (param i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $hash_finish (i32.const 65505))
    (i32.const 0)))
