;; expect: fault bad_pointer
(module
  (import "tenzik" "base64_decode" (func $base64_decode (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $base64_decode (i32.const 65533) (i32.const 4))))
