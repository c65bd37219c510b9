;; Reads that read nothing add nothing to the number of calls allowed.
;; expect: fault host_calls_exceeded
;; input-size: 1000
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $again
      (drop (call $input_read (i32.const 0) (i32.const 0)))
      (br $again))
    (i32.const 0)))
