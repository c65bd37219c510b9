;; A call that ends in a status makes no result; the one before it can still be read.
;; expect: ok
;; output: "AA=="
(module
  (import "tenzik" "base64_encode" (func $base64_encode (param i32 i32) (result i32)))
  (import "tenzik" "base64_decode" (func $base64_decode (param i32 i32) (result i32)))
  (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $result i32)
    (local.set $result (call $base64_encode (i32.const 0) (i32.const 1)))
    (drop (call $base64_decode (i32.const 0) (i32.const 1)))
    (call $output_write (i32.const 100) (call $result_read (local.get $result) (i32.const 100) (i32.const 100)))
    (i32.const 0)))
