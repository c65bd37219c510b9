;; The result comes in pieces of any size and ends with 0.
;; expect: ok
;; output: "[1,{\22b\22:\22x\22}]"
(module
  (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
  (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\22a\22: [1, {\22b\22 : \22x\22}]}")
  (data (i32.const 100) "$.a[*]")
  (func (export "run") (result i32)
    (local $result i32) (local $len i32)
    (local.set $result (call $json_path (i32.const 0) (i32.const 23) (i32.const 100) (i32.const 6)))
    (drop (call $result_read (local.get $result) (i32.const 65536) (i32.const 0)))
    (loop $next
      (local.set $len (call $result_read (local.get $result) (i32.const 200) (i32.const 5)))
      (call $output_write (i32.const 200) (local.get $len))
      (br_if $next (local.get $len)))
    (call $result_read (local.get $result) (i32.const 200) (i32.const 5))))
