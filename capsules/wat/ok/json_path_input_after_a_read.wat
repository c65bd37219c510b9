;; Only what was not read yet is the document.
;; expect: ok
;; input: "skip{\22a\22:true}"
;; output: "[true]"
(module
  (import "tenzik" "json_path_input" (func $json_path_input (param i32 i32) (result i32)))
  (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "$.a")
  (func (export "run") (result i32)
    (drop (call $input_read (i32.const 100) (i32.const 4)))
    (call $output_write (i32.const 100)
      (call $result_read (call $json_path_input (i32.const 0) (i32.const 3)) (i32.const 100) (i32.const 1000)))
    (i32.const 0)))
