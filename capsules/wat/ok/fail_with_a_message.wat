;; expect: failure 7 "bad input at byte 3"
;; output: "so far"
;; fuel: exact
(module
  (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "bad input at byte 3so far")
  (func (export "run") (result i32)
    (call $output_write (i32.const 19) (i32.const 6))
    (call $fail (i32.const 7) (i32.const 0) (i32.const 19))
    (call $output_write (i32.const 0) (i32.const 19))
    (i32.const 0)))
