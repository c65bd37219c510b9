;; Every result replaces the one before: the host keeps one.
;; expect: fault fuel_exhausted
(module
  (import "tenzik" "base64_encode" (func $base64_encode (param i32 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "run") (result i32)
    (loop $again
      (drop (call $base64_encode (i32.const 0) (i32.const 1048576)))
      (br $again))
    (i32.const 0)))
