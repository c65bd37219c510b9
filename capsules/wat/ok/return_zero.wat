;; The smallest capsule.
;; expect: ok
;; output: ""
;; fuel: exact
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
