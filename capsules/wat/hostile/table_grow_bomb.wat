;; A table element counts 8 bytes for the memory limit.
;; expect: fault memory_exceeded
;; limits: memory_bytes=1048576
(module
  (memory (export "memory") 1)
  (table 0 funcref)
  (func (export "run") (result i32)
    (loop $more
      (drop (table.grow (ref.null func) (i32.const 1000)))
      (br $more))
    (i32.const 0)))
