;; expect: fault bad_pointer
(module
  (import "tenzik" "hash_verify" (func $hash_verify (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $hash_verify (i32.const 1) (i32.const 0xffffffff) (i32.const 0))))
