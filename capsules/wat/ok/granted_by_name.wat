;; The profile production does not grant time; the caller does.
;; expect: ok
;; profile: production
;; grant: time
(module
  (import "tenzik" "time_now_ms" (func (result i64)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
