;; A write over the limit writes nothing.
;; expect: fault output_exceeded
;; limits: output_bytes=3
;; output: "ab"
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "abcd")
  (func (export "run") (result i32)
    (call $output_write (i32.const 0) (i32.const 2))
    (call $output_write (i32.const 2) (i32.const 2))
    (i32.const 0)))
