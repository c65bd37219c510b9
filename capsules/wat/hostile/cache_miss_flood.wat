;; Every load is far from the one before: the memory is slow, and the fuel still bounds the time.
;; expect: fault fuel_exhausted
(module
  (memory (export "memory") 512)
  (func (export "run") (result i32)
    (local $at i32)
    (loop $again
      (local.set $at (i32.and (i32.const 0x1ffffc0)
        (i32.add
          (i32.mul (local.get $at) (i32.const 1664525))
          (i32.add (i32.const 1013904223) (i32.load (local.get $at))))))
      (br $again))
    (i32.const 0)))
