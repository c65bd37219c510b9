;; Memory grows within the limit and is zero.
;; expect: ok
;; memory-bytes: 131072
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.or
      (i32.sub (memory.grow (i32.const 1)) (i32.const 1))
      (i32.load (i32.const 131068)))))
