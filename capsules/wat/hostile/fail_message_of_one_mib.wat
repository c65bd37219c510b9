;; The host keeps the first 4,096 bytes.
;; expect: failure 1
;; message-size: 4096
(module
  (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
  (memory (export "memory") 16)
  (func (export "run") (result i32)
    (call $fail (i32.const 1) (i32.const 0) (i32.const 1048576))
    (i32.const 0)))
