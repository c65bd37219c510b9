;; Bulk operations are charged by the byte.
;; expect: fault fuel_exhausted
(module
  (memory (export "memory") 16)
  (func (export "run") (result i32)
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 1048576))
      (br $again))
    (i32.const 0)))
