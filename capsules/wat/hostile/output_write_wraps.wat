;; expect: fault bad_pointer
;; output: ""
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $output_write (i32.const -1) (i32.const 2))
    (i32.const 0)))
