;; The incremental hash equals the hash of the whole; finish begins a new one.
;; expect: ok
;; output: "\01\01"
(module
  (import "tenzik" "hash_update" (func $hash_update (param i32 i32)))
  (import "tenzik" "hash_finish" (func $hash_finish (param i32)))
  (import "tenzik" "hash_verify" (func $hash_verify (param i32 i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (memory.fill (i32.const 0) (i32.const 7) (i32.const 5000))
    (call $hash_update (i32.const 0) (i32.const 1))
    (call $hash_update (i32.const 1) (i32.const 0))
    (call $hash_update (i32.const 1) (i32.const 4999))
    (call $hash_finish (i32.const 6000))
    (call $hash_finish (i32.const 6032))
    (i32.store8 (i32.const 7000) (call $hash_verify (i32.const 0) (i32.const 5000) (i32.const 6000)))
    (i32.store8 (i32.const 7001) (call $hash_verify (i32.const 0) (i32.const 0) (i32.const 6032)))
    (call $output_write (i32.const 7000) (i32.const 2))
    (i32.const 0)))
