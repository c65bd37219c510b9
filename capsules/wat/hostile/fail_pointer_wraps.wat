;; expect: fault bad_pointer
(module
  (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $fail (i32.const 1) (i32.const 0xfffffffe) (i32.const 4))
    (i32.const 0)))
