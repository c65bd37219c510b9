;; Three constants and two additions: run costs as much fuel as its limit, not one unit more.
;; expect: ok
;; limits: fuel=8
;; fuel: exact
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
