;; A declared maximum beyond the limit is a wish: it is not reserved and not refused.
;; expect: ok
;; memory-bytes: 65536
(module
  (memory (export "memory") 1 65536)
  (func (export "run") (result i32)
    (i32.const 0)))
