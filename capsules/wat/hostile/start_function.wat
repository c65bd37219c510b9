;; expect: reject start_function
(module
  (memory (export "memory") 1)
  (func $start)
  (start $start)
  (func (export "run") (result i32)
    (i32.const 0)))
