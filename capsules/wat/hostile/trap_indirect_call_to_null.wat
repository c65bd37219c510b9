;; expect: fault trap_indirect_call_to_null
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (func (export "run") (result i32)
    (call_indirect (result i32) (i32.const 0))))
