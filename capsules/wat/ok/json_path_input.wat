;; The whole input is read by the host; nothing of it is left.
;; expect: ok
;; input: "{\22hosts\22:[{\22port\22:22},{\22port\22:80}]}"
;; output: "[22,80]"
(module
  (import "tenzik" "json_path_input" (func $json_path_input (param i32 i32) (result i32)))
  (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "$.hosts[*].port")
  (func (export "run") (result i32)
    (call $output_write (i32.const 100)
      (call $result_read (call $json_path_input (i32.const 0) (i32.const 15)) (i32.const 100) (i32.const 1000)))
    (call $input_read (i32.const 100) (i32.const 10))))
