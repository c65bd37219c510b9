;; expect: fault input_exceeded
;; input-size: 1001
;; limits: input_bytes=1000
(module
  (import "tenzik" "json_path_input" (func $json_path_input (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "$")
  (func (export "run") (result i32)
    (call $json_path_input (i32.const 0) (i32.const 1))))
