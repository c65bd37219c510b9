;; A buffer of no bytes has a place, too.
;; expect: fault bad_pointer
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $input_read (i32.const 65537) (i32.const 0))))
