;; Copies its input to its output through one page of memory, whatever its size.
;; expect: ok
;; input: "a\00b\ff\n"
;; output: "a\00b\ff\n"
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $len i32)
    (loop $next
      (local.set $len (call $input_read (i32.const 0) (i32.const 65536)))
      (call $output_write (i32.const 0) (local.get $len))
      (br_if $next (local.get $len)))
    (i32.const 0)))
