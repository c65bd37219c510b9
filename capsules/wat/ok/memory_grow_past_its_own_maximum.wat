;; The guest sees -1 for its own declared maximum, and goes on.
;; expect: ok
;; memory-bytes: 131072
(module
  (memory (export "memory") 1 2)
  (func (export "run") (result i32)
    (drop (memory.grow (i32.const 1)))
    (i32.or
      (i32.ne (memory.grow (i32.const 1)) (i32.const -1))
      (i32.ne (memory.grow (i32.const 0xffff)) (i32.const -1)))))
