;; A table element counts 8 bytes for the memory limit.
;; expect: fault memory_exceeded
(module
  (memory (export "memory") 1)
  (table 0 funcref)
  (func (export "run") (result i32)
    (loop $more
      (drop (table.grow (ref.null func) (i32.const 100000)))
      (br $more))
    (i32.const 0)))
