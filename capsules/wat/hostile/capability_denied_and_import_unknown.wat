;; Both are found; the import comes first.
;; expect: reject import_unknown capability_not_granted
;; deny: hash
(module
  (import "tenzik" "hash_finish" (func (param i32)))
  (import "tenzik" "exec" (func))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
