;; The host functions of a capsule inside a contract of cosmwasm-vm. Put into a capsule in the place
;; of its imports, they make it a contract whose answer to a query is the output over the message.
;; `$heap` is the first byte after the capsule's own memory.
(global $next (mut i32) (i32.const $heap))
(global $input (mut i32) (i32.const 0))
(global $input_left (mut i32) (i32.const 0))
(global $output (mut i32) (i32.const 0))

(func (export "interface_version_8"))

(func $allocate (export "allocate") (param $size i32) (result i32)
  (local $region i32)
  (local.set $region (global.get $next))
  (i32.store (local.get $region) (i32.add (local.get $region) (i32.const 16)))
  (i32.store offset=4 (local.get $region) (local.get $size))
  (i32.store offset=8 (local.get $region) (i32.const 0))
  (global.set $next
    (i32.add (local.get $region)
      (i32.and (i32.add (local.get $size) (i32.const 31)) (i32.const -16))))
  (local.get $region))

(func (export "deallocate") (param i32))

(func (export "query") (param $env i32) (param $message i32) (result i32)
  (global.set $input (i32.load (local.get $message)))
  (global.set $input_left (i32.load offset=8 (local.get $message)))
  (global.set $output (call $allocate (i32.const 16384)))
  (if (call $run) (then (unreachable)))
  (global.get $output))

(func $input_read (param $ptr i32) (param $len i32) (result i32)
  (if (i32.lt_u (global.get $input_left) (local.get $len))
    (then (local.set $len (global.get $input_left))))
  (call $copy (local.get $ptr) (global.get $input) (local.get $len))
  (global.set $input (i32.add (global.get $input) (local.get $len)))
  (global.set $input_left (i32.sub (global.get $input_left) (local.get $len)))
  (local.get $len))

(func $output_write (param $ptr i32) (param $len i32)
  (local $used i32)
  (local.set $used (i32.load offset=8 (global.get $output)))
  (call $copy
    (i32.add (i32.load (global.get $output)) (local.get $used))
    (local.get $ptr)
    (local.get $len))
  (i32.store offset=8 (global.get $output) (i32.add (local.get $used) (local.get $len))))

(func $fail (param i32 i32 i32) (unreachable))

;; The virtual machine has no memory.copy and no memory.fill.
(func $copy (param $to i32) (param $from i32) (param $len i32)
  (if (i32.gt_u (local.get $to) (local.get $from))
    (then
      (block $done
        (loop $bytes
          (br_if $done (i32.eqz (local.get $len)))
          (local.set $len (i32.sub (local.get $len) (i32.const 1)))
          (i32.store8
            (i32.add (local.get $to) (local.get $len))
            (i32.load8_u (i32.add (local.get $from) (local.get $len))))
          (br $bytes)))
      (return)))
  (block $done
    (loop $words
      (br_if $done (i32.lt_u (local.get $len) (i32.const 8)))
      (i64.store (local.get $to) (i64.load (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (local.set $len (i32.sub (local.get $len) (i32.const 8)))
      (br $words)))
  (block $done
    (loop $bytes
      (br_if $done (i32.eqz (local.get $len)))
      (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $len (i32.sub (local.get $len) (i32.const 1)))
      (br $bytes))))

(func $fill (param $to i32) (param $byte i32) (param $len i32)
  (block $done
    (loop $bytes
      (br_if $done (i32.eqz (local.get $len)))
      (i32.store8 (local.get $to) (local.get $byte))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $len (i32.sub (local.get $len) (i32.const 1)))
      (br $bytes))))
