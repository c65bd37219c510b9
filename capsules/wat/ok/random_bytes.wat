;; The seed determines the stream: printf '\001\000\000\000\000\000\000\000' | b3sum --derive-key 'tenzik random_bytes v1'.
;; expect: ok
;; seed: 1
;; output: "\6c\d6\6e\f7\14\42\04\91\08\19\6c\1e\58\a3\d8\51"
(module
  (import "tenzik" "random_bytes" (func $random_bytes (param i32 i32)))
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $random_bytes (i32.const 0) (i32.const 1))
    (call $random_bytes (i32.const 65536) (i32.const 0))
    (call $random_bytes (i32.const 1) (i32.const 15))
    (call $output_write (i32.const 0) (i32.const 16))
    (i32.const 0)))
