;; 1 for the digest, 0 after one bit of it is flipped.
;; expect: ok
(module
  (import "tenzik" "hash_commit" (func $hash_commit (param i32 i32 i32)))
  (import "tenzik" "hash_verify" (func $hash_verify (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "tenzik")
  (func (export "run") (result i32)
    (call $hash_commit (i32.const 0) (i32.const 6) (i32.const 100))
    (if (i32.ne (call $hash_verify (i32.const 0) (i32.const 6) (i32.const 100)) (i32.const 1))
      (then (return (i32.const 1))))
    (i32.store8 (i32.const 131) (i32.xor (i32.load8_u (i32.const 131)) (i32.const 128)))
    (call $hash_verify (i32.const 0) (i32.const 6) (i32.const 100))))
