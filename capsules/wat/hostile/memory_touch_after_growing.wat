;; Grows to the last page that it may have, fills all of them, and asks for one more.
;; expect: fault memory_exceeded
;; memory-bytes: 33554432
;; limits: fuel=1000000000 wall_us=20000000
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (drop (memory.grow (i32.const 511)))
    (memory.fill (i32.const 0) (i32.const 0xa5) (i32.const 33554432))
    (memory.grow (i32.const 1))))
