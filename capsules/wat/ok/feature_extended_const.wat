;; Constants may be computed.
;; expect: ok
(module
  (memory (export "memory") 1)
  (global $sum i32 (i32.add (i32.const 40) (i32.mul (i32.const 2) (i32.const 1))))
  (global $wide i64 (i64.sub (i64.const 42) (i64.const 0)))
  (data (offset (i32.sub (i32.const 40) (i32.const 40))) "\2a")
  (func (export "run") (result i32)
    (i32.or
      (i32.sub (global.get $sum) (i32.load8_u (i32.const 0)))
      (i32.sub (global.get $sum) (i32.wrap_i64 (global.get $wide))))))
