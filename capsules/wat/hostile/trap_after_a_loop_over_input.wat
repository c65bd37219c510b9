;; The same where the input is read: it is read again.
;; expect: fault trap_division_by_zero
;; input-size: 10000
;; fuel: at least 20000
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $zero (mut i32) (i32.const 0))
  (func (export "run") (result i32)
    (local $at i32) (local $sum i32)
    (drop (call $input_read (i32.const 0) (i32.const 10000)))
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 10000))))
    (i32.div_u (local.get $sum) (global.get $zero))))
