;; A read fills its buffer unless the input ends: 5, 3, then 0 for ever.
;; expect: ok
;; input: "abcdefgh"
;; output: "\05\03\00\00"
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func $read_five (param $report i32)
    (i32.store8 (local.get $report) (call $input_read (i32.const 100) (i32.const 5))))
  (func (export "run") (result i32)
    (call $read_five (i32.const 0))
    (call $read_five (i32.const 1))
    (call $read_five (i32.const 2))
    (call $read_five (i32.const 3))
    (call $output_write (i32.const 0) (i32.const 4))
    (i32.const 0)))
