;; expect: reject memory_missing
(module
  (func (export "run") (result i32)
    (i32.const 0)))
