;; The largest document, and all of it values: "[1,1,…,1]" of 8 MiB. The host's copy and index of it
;; take the most memory that a query can, ten bytes for each of its bytes.
;; expect: ok
;; host-bytes: 83886080
;; limits: fuel=1000000000 wall_us=20000000
(module
  (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 129)
  (data (i32.const 8388608) "$[0]")
  (func (export "run") (result i32)
    (local $at i32)
    (loop $next
      (i32.store16 (local.get $at) (i32.const 0x2c31))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 8388606))))
    (i32.store16 (i32.const 8388606) (i32.const 0x5d20))
    (i32.store8 (i32.const 8388604) (i32.const 0x31))
    (i32.store8 (i32.const 8388605) (i32.const 0x20))
    (i32.store8 (i32.const 0) (i32.const 0x5b))
    (i32.store8 (i32.const 1) (i32.const 0x20))
    (i32.lt_s
      (call $json_path (i32.const 0) (i32.const 8388608) (i32.const 8388608) (i32.const 4))
      (i32.const 0))))
