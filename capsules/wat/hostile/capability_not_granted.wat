;; The profile production grants nothing that differs from run to run.
;; expect: reject capability_not_granted
;; profile: production
(module
  (import "tenzik" "time_now_ms" (func (result i64)))
  (import "tenzik" "random_bytes" (func (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
