;; A pointer is checked against the memory as it is at the call.
;; expect: ok
;; output: "\00"
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $output_write (i32.const 65535) (i32.const 0))
    (drop (memory.grow (i32.const 1)))
    (call $output_write (i32.const 131071) (i32.const 1))
    (i32.const 0)))
