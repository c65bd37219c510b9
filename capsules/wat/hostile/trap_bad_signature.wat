;; expect: fault trap_bad_signature
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem (i32.const 0) $other)
  (func $other (param i64))
  (func (export "run") (result i32)
    (call_indirect (result i32) (i32.const 0))))
