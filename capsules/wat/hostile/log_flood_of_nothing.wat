;; Messages of no bytes are not free either.
;; expect: fault log_exceeded
;; limits: host_calls=1000000 fuel=1000000000
(module
  (import "tenzik" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $again
      (call $log (i32.const 2) (i32.const 0) (i32.const 0))
      (br $again))
    (i32.const 0)))
