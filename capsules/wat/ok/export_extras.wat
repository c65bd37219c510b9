;; What linkers export besides memory and run does not matter.
;; expect: ok
(module
  (memory (export "memory") (export "heap") 1)
  (table (export "__indirect_function_table") 1 funcref)
  (global (export "__heap_base") i32 (i32.const 1024))
  (global (export "__data_end") i32 (i32.const 1024))
  (func (export "_start") (unreachable))
  (func (export "run") (export "main") (result i32)
    (i32.const 0)))
