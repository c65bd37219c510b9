;; Status invalid_base64, -3, for missing padding.
;; expect: ok
(module
  (import "tenzik" "base64_decode" (func $base64_decode (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "AP8")
  (func (export "run") (result i32)
    (i32.sub (call $base64_decode (i32.const 0) (i32.const 3)) (i32.const -3))))
