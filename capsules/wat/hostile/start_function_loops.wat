;; It would run before anything is limited; it never runs.
;; expect: reject start_function
(module
  (memory (export "memory") 1)
  (func $start (loop $for_ever (br $for_ever)))
  (start $start)
  (func (export "run") (result i32)
    (i32.const 0)))
