;; expect: fault output_exceeded
;; limits: fuel=1000000000
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $again
      (call $output_write (i32.const 0) (i32.const 65536))
      (br $again))
    (i32.const 0)))
