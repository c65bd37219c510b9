;; expect: reject memory_minimum
;; limits: memory_bytes=131072
;; finding: memory_minimum "starts with 196608 bytes"
(module
  (memory (export "memory") 3)
  (func (export "run") (result i32)
    (i32.const 0)))
