;; expect: fault bad_pointer
(module
  (import "tenzik" "json_path_input" (func $json_path_input (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $json_path_input (i32.const 65536) (i32.const 1))))
