;; expect: ok
;; output: "AP8="
(module
  (import "tenzik" "base64_encode" (func $base64_encode (param i32 i32) (result i32)))
  (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\00\ff")
  (func (export "run") (result i32)
    (call $output_write (i32.const 100)
      (call $result_read (call $base64_encode (i32.const 0) (i32.const 2)) (i32.const 100) (i32.const 100)))
    (i32.const 0)))
