;; The host functions of a capsule, in terms of Extism's. Put into a capsule in the place of its
;; imports, they make it a plugin with the entry point `call`.
(import "extism:host/env" "input_length" (func $ex_input_length (result i64)))
(import "extism:host/env" "input_load_u8" (func $ex_input_load_u8 (param i64) (result i32)))
(import "extism:host/env" "input_load_u64" (func $ex_input_load_u64 (param i64) (result i64)))
(import "extism:host/env" "alloc" (func $ex_alloc (param i64) (result i64)))
(import "extism:host/env" "store_u8" (func $ex_store_u8 (param i64 i32)))
(import "extism:host/env" "store_u64" (func $ex_store_u64 (param i64 i64)))
(import "extism:host/env" "output_set" (func $ex_output_set (param i64 i64)))

(global $input_at (mut i64) (i64.const 0))
(global $output (mut i64) (i64.const 0))
(global $output_len (mut i64) (i64.const 0))

(func (export "call") (result i32)
  (global.set $input_at (i64.const 0))
  (global.set $output_len (i64.const 0))
  (global.set $output (call $ex_alloc (i64.const 16384)))
  (call $run))

(func $input_read (param $ptr i32) (param $len i32) (result i32)
  (local $end i64) (local $start i64) (local $rest i64)
  (local.set $start (global.get $input_at))
  (local.set $rest (i64.sub (call $ex_input_length) (local.get $start)))
  (if (i64.lt_u (local.get $rest) (i64.extend_i32_u (local.get $len)))
    (then (local.set $len (i32.wrap_i64 (local.get $rest)))))
  (local.set $end (i64.add (local.get $start) (i64.extend_i32_u (local.get $len))))
  (block $read
    (loop $words
      (br_if $read (i64.gt_u (i64.add (global.get $input_at) (i64.const 8)) (local.get $end)))
      (i64.store (local.get $ptr) (call $ex_input_load_u64 (global.get $input_at)))
      (local.set $ptr (i32.add (local.get $ptr) (i32.const 8)))
      (global.set $input_at (i64.add (global.get $input_at) (i64.const 8)))
      (br $words)))
  (block $read
    (loop $bytes
      (br_if $read (i64.ge_u (global.get $input_at) (local.get $end)))
      (i32.store8 (local.get $ptr) (call $ex_input_load_u8 (global.get $input_at)))
      (local.set $ptr (i32.add (local.get $ptr) (i32.const 1)))
      (global.set $input_at (i64.add (global.get $input_at) (i64.const 1)))
      (br $bytes)))
  (local.get $len))

(func $output_write (param $ptr i32) (param $len i32)
  (local $at i64) (local $end i64)
  (local.set $at (i64.add (global.get $output) (global.get $output_len)))
  (local.set $end (i64.add (local.get $at) (i64.extend_i32_u (local.get $len))))
  (global.set $output_len (i64.add (global.get $output_len) (i64.extend_i32_u (local.get $len))))
  (block $written
    (loop $words
      (br_if $written (i64.gt_u (i64.add (local.get $at) (i64.const 8)) (local.get $end)))
      (call $ex_store_u64 (local.get $at) (i64.load (local.get $ptr)))
      (local.set $ptr (i32.add (local.get $ptr) (i32.const 8)))
      (local.set $at (i64.add (local.get $at) (i64.const 8)))
      (br $words)))
  (block $written
    (loop $bytes
      (br_if $written (i64.ge_u (local.get $at) (local.get $end)))
      (call $ex_store_u8 (local.get $at) (i32.load8_u (local.get $ptr)))
      (local.set $ptr (i32.add (local.get $ptr) (i32.const 1)))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (br $bytes)))
  (call $ex_output_set (global.get $output) (global.get $output_len)))

(func $fail (param i32 i32 i32) (unreachable))
