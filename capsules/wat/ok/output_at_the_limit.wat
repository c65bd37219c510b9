;; Exactly as much output as is allowed.
;; expect: ok
;; limits: output_bytes=8
;; output: "12345678"
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "12345678")
  (func (export "run") (result i32)
    (call $output_write (i32.const 0) (i32.const 5))
    (call $output_write (i32.const 5) (i32.const 3))
    (call $output_write (i32.const 65536) (i32.const 0))
    (i32.const 0)))
