;; The host does not look past the memory as it is, whatever is mapped behind it.
;; expect: fault bad_pointer
(module
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))
  (memory (export "memory") 1 2)
  (func (export "run") (result i32)
    (call $output_write (i32.const 65536) (i32.const 1))
    (i32.const 0)))
