;; A growth over the limit is a trap to compiled code; the count is found again.
;; expect: fault memory_exceeded
;; fuel: at least 500000
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $count i32)
    (loop $again
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $count) (i32.const 100000))))
    (drop (memory.grow (i32.const 1000)))
    (i32.const 0)))
