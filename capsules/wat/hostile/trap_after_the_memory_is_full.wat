;; The search for the fuel runs again: it must not keep what the run before had.
;; expect: fault trap_unreachable
;; memory-bytes: 33554432
;; limits: fuel=1000000000 wall_us=20000000
(module
  (memory (export "memory") 512)
  (func (export "run") (result i32)
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 33554432))
    (unreachable)))
