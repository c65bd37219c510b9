;; The deepest frame calls the host, which needs stack of its own.
;; expect: fault trap_stack_overflow
;; limits: host_calls=1000000 fuel=1000000000
(module
  (import "tenzik" "hash_update" (func $hash_update (param i32 i32)))
  (memory (export "memory") 1)
  (func $down (result i32)
    (call $hash_update (i32.const 0) (i32.const 1))
    (i32.add (call $down) (i32.const 1)))
  (func (export "run") (result i32)
    (call $down)))
