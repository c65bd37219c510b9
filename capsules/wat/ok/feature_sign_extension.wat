;; expect: ok
(module
  (memory (export "memory") 1)
  (global $byte (mut i32) (i32.const 0x80))
  (func (export "run") (result i32)
    (i32.ne (i32.extend8_s (global.get $byte)) (i32.const -128))))
