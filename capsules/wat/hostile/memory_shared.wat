;; expect: reject memory_shared
(module
  (memory (export "memory") 1 2 shared)
  (func (export "run") (result i32)
    (i32.const 0)))
