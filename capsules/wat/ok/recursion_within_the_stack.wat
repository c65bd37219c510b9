;; A thousand nested calls are fine.
;; expect: ok
(module
  (memory (export "memory") 1)
  (func $down (param $depth i32) (result i32)
    (if (result i32) (local.get $depth)
      (then (call $down (i32.sub (local.get $depth) (i32.const 1))))
      (else (i32.const 0))))
  (func (export "run") (result i32)
    (call $down (i32.const 1000))))
