;; Not -1: the module declares no maximum, the limit is the host's.
;; expect: fault memory_exceeded
;; memory-bytes: 65536
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (drop (memory.grow (i32.const 65535)))
    (i32.const 0)))
