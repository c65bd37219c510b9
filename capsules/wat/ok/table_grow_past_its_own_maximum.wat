;; Tables count for the memory limit, 8 bytes an element.
;; expect: ok
;; memory-bytes: 65616
(module
  (memory (export "memory") 1)
  (table 5 10 funcref)
  (func (export "run") (result i32)
    (drop (table.grow (ref.null func) (i32.const 5)))
    (i32.ne (table.grow (ref.null func) (i32.const 1)) (i32.const -1))))
