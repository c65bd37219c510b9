;; A host function is a function like any other.
;; expect: ok
;; output: "a"
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem (i32.const 0) $output_write)
  (data (i32.const 0) "a")
  (func (export "run") (result i32)
    (call_indirect (param i32 i32) (i32.const 0) (i32.const 1) (i32.const 0))
    (i32.const 0)))
