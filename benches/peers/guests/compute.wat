;; Computes for about a millisecond: xorshift64 over and over; the output is its state.
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $state i64) (local $left i32)
    (drop (call $input_read (i32.const 0) (i32.const 8)))
    (local.set $state (i64.or (i64.load (i32.const 0)) (i64.const 1)))
    (local.set $left (i32.const 400000))
    (loop $again
      (local.set $state (i64.xor (local.get $state) (i64.shl (local.get $state) (i64.const 13))))
      (local.set $state (i64.xor (local.get $state) (i64.shr_u (local.get $state) (i64.const 7))))
      (local.set $state (i64.xor (local.get $state) (i64.shl (local.get $state) (i64.const 17))))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i64.store (i32.const 0) (local.get $state))
    (call $output_write (i32.const 0) (i32.const 8))
    (i32.const 0)))
