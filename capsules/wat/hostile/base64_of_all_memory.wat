;; The text of the largest memory is a third larger than it, and in the host's memory.
;; expect: ok
;; host-bytes: 44739244
;; limits: fuel=1000000000 wall_us=20000000
(module
  (import "tenzik" "base64_encode" (func $base64_encode (param i32 i32) (result i32)))
  (memory (export "memory") 512)
  (func (export "run") (result i32)
    (i32.lt_s (call $base64_encode (i32.const 0) (i32.const 33554432)) (i32.const 0))))
