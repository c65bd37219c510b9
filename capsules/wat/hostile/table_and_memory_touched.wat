;; A table element counts 8 bytes: a table that is filled and a memory that is filled share one limit.
;; expect: fault memory_exceeded
;; limits: fuel=1000000000 wall_us=20000000
(module
  (table $table 0 funcref)
  (memory (export "memory") 256)
  (elem declare func $run)
  (func $run (export "run") (result i32)
    (drop (table.grow $table (ref.func $run) (i32.const 2000000)))
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 16777216))
    (drop (memory.grow (i32.const 256)))
    (i32.const 0)))
