;; expect: fault trap_memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (data $text "abc")
  (func (export "run") (result i32)
    (data.drop $text)
    (memory.init $text (i32.const 0) (i32.const 0) (i32.const 1))
    (i32.const 0)))
