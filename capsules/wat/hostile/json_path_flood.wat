;; Every result replaces the one before: the host keeps one.
;; expect: fault fuel_exhausted
;; limits: wall_us=20000000
(module
  (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "[[1,2,3],{\22a\22:[4,5]}]$..*")
  (func (export "run") (result i32)
    (loop $again
      (drop (call $json_path (i32.const 0) (i32.const 21) (i32.const 21) (i32.const 4)))
      (br $again))
    (i32.const 0)))
