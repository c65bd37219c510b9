;; expect: fault memory_exceeded
;; memory-bytes: 33554432
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $more
      (drop (memory.grow (i32.const 1)))
      (br $more))
    (i32.const 0)))
