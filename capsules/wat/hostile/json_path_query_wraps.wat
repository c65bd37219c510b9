;; expect: fault bad_pointer
(module
  (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "[]")
  (func (export "run") (result i32)
    (call $json_path (i32.const 0) (i32.const 2) (i32.const 0xffffffff) (i32.const 1))))
