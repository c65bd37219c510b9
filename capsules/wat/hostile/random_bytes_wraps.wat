;; expect: fault bad_pointer
(module
  (import "tenzik" "random_bytes" (func $random_bytes (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $random_bytes (i32.const 0xfffffff8) (i32.const 16))
    (i32.const 0)))
