;; Bytes are bytes; whoever shows them escapes them.
;; expect: ok
;; log: warning "\ff\fe\00\1b[31m\e2\80\ae"
(module
  (import "tenzik" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\ff\fe\00\1b[31m\e2\80\ae")
  (func (export "run") (result i32)
    (call $log (i32.const 1) (i32.const 0) (i32.const 11))
    (i32.const 0)))
