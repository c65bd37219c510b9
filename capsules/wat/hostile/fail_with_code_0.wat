;; A failure is a failure, whatever its code.
;; expect: failure 0 "no"
(module
  (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "no")
  (func (export "run") (result i32)
    (call $fail (i32.const 0) (i32.const 0) (i32.const 2))
    (i32.const 0)))
