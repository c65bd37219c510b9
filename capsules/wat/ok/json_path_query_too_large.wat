;; Status too_large, -5, for a query of 1,025 bytes.
;; expect: ok
(module
  (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{}")
  (func (export "run") (result i32)
    (memory.fill (i32.const 100) (i32.const 0x20) (i32.const 1025))
    (i32.sub (call $json_path (i32.const 0) (i32.const 2) (i32.const 100) (i32.const 1025)) (i32.const -5))))
