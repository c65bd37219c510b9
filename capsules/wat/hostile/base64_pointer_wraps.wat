;; expect: fault bad_pointer
(module
  (import "tenzik" "base64_encode" (func $base64_encode (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $base64_encode (i32.const 0xffffff00) (i32.const 0x200))))
