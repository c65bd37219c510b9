;; expect: fault fuel_exhausted
;; limits: wall_us=20000000
(module
  (import "tenzik" "base64_decode" (func $base64_decode (param i32 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "run") (result i32)
    (memory.fill (i32.const 0) (i32.const 0x41) (i32.const 1048576))
    (loop $again
      (drop (call $base64_decode (i32.const 0) (i32.const 1048576)))
      (br $again))
    (i32.const 0)))
