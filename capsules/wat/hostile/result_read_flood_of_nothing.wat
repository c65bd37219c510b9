;; At the end of a result every read gives nothing, but is charged for its buffer.
;; expect: fault fuel_exhausted
(module
  (import "tenzik" "base64_encode" (func $base64_encode (param i32 i32) (result i32)))
  (import "tenzik" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $result i32)
    (local.set $result (call $base64_encode (i32.const 0) (i32.const 0)))
    (loop $again
      (drop (call $result_read (local.get $result) (i32.const 0) (i32.const 65536)))
      (br $again))
    (i32.const 0)))
