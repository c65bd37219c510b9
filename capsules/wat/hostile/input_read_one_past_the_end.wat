;; Also when the input would not fill the buffer.
;; expect: fault bad_pointer
;; input: "abc"
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $input_read (i32.const 65500) (i32.const 37))))
