;; expect: ok
;; memory-bytes: 0
(module
  (memory (export "memory") 0)
  (func (export "run") (result i32)
    (memory.size)))
