;; expect: ok
(module
  (memory (export "memory") 1)
  (global (export "counter") (mut i32) (i32.const 1))
  (func (export "run") (result i32)
    (global.set 0 (i32.const 0))
    (global.get 0)))
