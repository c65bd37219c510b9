;; A 32-bit memory has at most 65,536 pages; more is the host's limit all the same.
;; expect: fault memory_exceeded
;; limits: fuel=1000000000000
;; memory-bytes: 65536
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (drop (memory.grow (i32.const -1)))
    (i32.const 0)))
