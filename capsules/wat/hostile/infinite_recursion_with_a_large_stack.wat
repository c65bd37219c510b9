;; 8 MiB of stack are more than the threads of a process have.
;; expect: fault trap_stack_overflow
;; limits: stack_bytes=8388608
(module
  (memory (export "memory") 1)
  (func $down (param i64 i64) (result i32)
    (i32.add (call $down (local.get 1) (local.get 0)) (i32.const 1)))
  (func (export "run") (result i32)
    (call $down (i64.const 0) (i64.const 0))))
