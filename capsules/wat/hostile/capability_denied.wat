;; expect: reject capability_not_granted
;; deny: hash
(module
  (import "tenzik" "hash_finish" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
