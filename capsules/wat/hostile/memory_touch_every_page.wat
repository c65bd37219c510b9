;; Resident memory is what the limit bounds, not only what is asked for: every page is written.
;; expect: ok
;; memory-bytes: 33554432
;; limits: fuel=1000000000 wall_us=20000000
(module
  (memory (export "memory") 512)
  (func (export "run") (result i32)
    (local $at i32)
    (loop $next
      (i32.store8 (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 33554432))))
    (i32.const 0)))
