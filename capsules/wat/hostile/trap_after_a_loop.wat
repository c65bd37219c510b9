;; Compiled code keeps the count in a register and a trap loses it; what the loop used is found again.
;; expect: fault trap_memory_out_of_bounds
;; fuel: at least 500000
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $count i32)
    (loop $again
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $count) (i32.const 100000))))
    (i32.load (i32.const -1))))
