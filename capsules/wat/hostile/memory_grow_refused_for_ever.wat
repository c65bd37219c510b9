;; Asking again and again for more than its own maximum costs fuel each time.
;; expect: fault fuel_exhausted
(module
  (memory (export "memory") 1 1)
  (func (export "run") (result i32)
    (loop $again
      (br_if $again (i32.eq (memory.grow (i32.const 1)) (i32.const -1))))
    (i32.const 0)))
