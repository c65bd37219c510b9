;; A manifest that claims what the imports need.
;; expect: ok
(module
  (import "tenzik" "time_now_ms" (func (result i64)))
  (@custom "tenzik" "{\22abi\22:1,\22name\22:\22clock\22,\22needs\22:[\22time\22],\22version\22:\220.1.0\22}")
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
