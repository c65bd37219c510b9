;; A capsule that does not look at the status passes it on as a handle.
;; expect: fault bad_handle
(module
  (import "tenzik" "base64_decode" (func $base64_decode (param i32 i32) (result i32)))
  (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $result_read (call $base64_decode (i32.const 0) (i32.const 1)) (i32.const 0) (i32.const 1))))
