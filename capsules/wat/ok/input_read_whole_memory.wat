;; A buffer may be the whole memory.
;; expect: ok
;; input-size: 70000
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.sub (call $input_read (i32.const 0) (i32.const 65536)) (i32.const 65536))))
