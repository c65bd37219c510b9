;; Status invalid_query, -2.
;; expect: ok
(module
  (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\22a\22:1}.a")
  (func (export "run") (result i32)
    (i32.sub (call $json_path (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 2)) (i32.const -2))))
