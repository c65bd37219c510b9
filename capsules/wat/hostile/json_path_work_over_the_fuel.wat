;; Work that the function would accept, but that the run cannot pay.
;; expect: fault fuel_exhausted
;; limits: fuel=100000
;; fuel: exact
(module
  (import "tenzik" "json_path" (func $json_path (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1000) "$..[?@..[?@..*]]")
  (func (export "run") (result i32)
    (memory.fill (i32.const 0) (i32.const 0x5b) (i32.const 120))
    (memory.fill (i32.const 120) (i32.const 0x5d) (i32.const 120))
    (call $json_path (i32.const 0) (i32.const 240) (i32.const 1000) (i32.const 16))))
