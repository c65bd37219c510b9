;; expect: fault bad_pointer
(module
  (import "tenzik" "base64_encode" (func $base64_encode (param i32 i32) (result i32)))
  (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $result_read
      (call $base64_encode (i32.const 0) (i32.const 12))
      (i32.const 0xfffffffc) (i32.const 8))))
