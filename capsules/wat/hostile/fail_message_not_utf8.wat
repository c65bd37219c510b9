;; expect: failure 3 "\c3\28\00\1b[2J"
(module
  (import "tenzik" "fail" (func $fail (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\c3\28\00\1b[2J")
  (func (export "run") (result i32)
    (call $fail (i32.const 3) (i32.const 0) (i32.const 7))
    (i32.const 0)))
