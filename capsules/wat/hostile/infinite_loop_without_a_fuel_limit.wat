;; Where fuel would last for ever, the clock ends the run.
;; expect: fault time_exceeded
;; limits: fuel=1152921504606846976 wall_us=20000
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $for_ever (br $for_ever))
    (i32.const 0)))
