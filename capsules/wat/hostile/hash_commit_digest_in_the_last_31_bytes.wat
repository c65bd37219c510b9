;; expect: fault bad_pointer
(module
  (import "tenzik" "hash_commit" (func $hash_commit (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $hash_commit (i32.const 0) (i32.const 1) (i32.const 65505))
    (i32.const 0)))
