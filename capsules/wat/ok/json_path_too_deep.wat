;; Status too_deep, -4, for 1,000 nested arrays.
;; expect: ok
(module
  (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 2000) "$")
  (func (export "run") (result i32)
    (memory.fill (i32.const 0) (i32.const 0x5b) (i32.const 1000))
    (memory.fill (i32.const 1000) (i32.const 0x5d) (i32.const 1000))
    (i32.sub (call $json_path (i32.const 0) (i32.const 2000) (i32.const 2000) (i32.const 1)) (i32.const -4))))
