;; expect: fault fuel_exhausted
(module
  (memory (export "memory") 1)
  (data $bytes "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
  (func (export "run") (result i32)
    (loop $again
      (memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 64))
      (br $again))
    (i32.const 0)))
