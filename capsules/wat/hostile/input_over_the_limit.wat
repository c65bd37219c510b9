;; expect: fault input_exceeded
;; input-size: 1001
;; limits: input_bytes=1000
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $len i32)
    (loop $next
      (local.set $len (call $input_read (i32.const 0) (i32.const 100)))
      (br_if $next (local.get $len)))
    (i32.const 0)))
