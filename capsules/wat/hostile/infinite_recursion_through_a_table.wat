;; Two functions that call each other indirectly.
;; expect: fault trap_stack_overflow
(module
  (type $step (func (result i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $even $odd)
  (func $even (type $step)
    (i32.add (call_indirect (type $step) (i32.const 1)) (i32.const 1)))
  (func $odd (type $step)
    (i32.add (call_indirect (type $step) (i32.const 0)) (i32.const 1)))
  (func (export "run") (result i32)
    (call $even)))
