;; The same host function may be imported twice, and need not be called.
;; expect: ok
;; output: "ab"
(module
  (import "tenzik" "output_write" (func $first (param i32 i32)))
  (import "tenzik" "output_write" (func $second (param i32 i32)))
  (import "tenzik" "fail" (func (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "ab")
  (func (export "run") (result i32)
    (call $first (i32.const 0) (i32.const 1))
    (call $second (i32.const 1) (i32.const 1))
    (i32.const 0)))
