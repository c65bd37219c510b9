;; What was written before is there for its commitment.
;; expect: fault trap_unreachable
;; output: "ab"
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "ab")
  (func (export "run") (result i32)
    (call $output_write (i32.const 0) (i32.const 2))
    (unreachable)))
