;; As much as the host reads into its own memory, and no JSON: status invalid_json, -1.
;; expect: failure -1 ""
;; input-size: 8388608
(module
  (import "tenzik" "json_path_input" (func $json_path_input (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "$")
  (func (export "run") (result i32)
    (call $json_path_input (i32.const 0) (i32.const 1))))
