;; expect: fault bad_pointer
(module
  (import "tenzik" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $log (i32.const 0) (i32.const 0xffffffff) (i32.const 2))
    (i32.const 0)))
