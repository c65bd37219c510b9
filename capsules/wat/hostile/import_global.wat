;; expect: reject import_unknown
(module
  (import "env" "__stack_pointer" (global (mut i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
