;; expect: ok
;; output: "xxabcab"
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (data $text "abcdef")
  (func (export "run") (result i32)
    (memory.fill (i32.const 0) (i32.const 0x78) (i32.const 2))
    (memory.init $text (i32.const 2) (i32.const 0) (i32.const 3))
    (data.drop $text)
    (memory.init $text (i32.const 65536) (i32.const 0) (i32.const 0))
    (memory.copy (i32.const 5) (i32.const 2) (i32.const 2))
    (call $output_write (i32.const 0) (i32.const 7))
    (i32.const 0)))
