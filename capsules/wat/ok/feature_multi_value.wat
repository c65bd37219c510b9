;; Functions and blocks with several parameters and results.
;; expect: ok
(module
  (memory (export "memory") 1)
  (func $swap (param i32 i32) (result i32 i32)
    (local.get 1) (local.get 0))
  (func (export "run") (result i32)
    (call $swap (i32.const 1) (i32.const 3))
    (block (param i32 i32) (result i32 i32)
      (call $swap))
    (i32.sub)
    (i32.const 2)
    (i32.add)))
