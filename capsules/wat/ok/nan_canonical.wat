;; Arithmetic on a NaN with a payload gives the canonical NaN, whatever the processor prefers.
;; expect: ok
;; output: "\00\00\c0\7f\00\00\00\00\00\00\f8\7f\00\00\c0\7f\00\00\c0\7f"
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (global $payload f32 (f32.const -nan:0x123456))
  (global $payload_64 f64 (f64.const -nan:0x123456789abcd))
  (global $zero (mut f32) (f32.const 0))
  (func (export "run") (result i32)
    (f32.store (i32.const 0) (f32.add (global.get $payload) (f32.const 1)))
    (f64.store (i32.const 4) (f64.mul (global.get $payload_64) (f64.const 2)))
    (f32.store (i32.const 12) (f32.demote_f64 (global.get $payload_64)))
    (f32.store (i32.const 16) (f32.div (global.get $zero) (global.get $zero)))
    (call $output_write (i32.const 0) (i32.const 20))
    (i32.const 0)))
