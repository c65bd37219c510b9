;; expect: fault bad_pointer
(module
  (import "tenzik" "hash_commit" (func $hash_commit (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $hash_commit (i32.const 65535) (i32.const 2) (i32.const 0))
    (i32.const 0)))
