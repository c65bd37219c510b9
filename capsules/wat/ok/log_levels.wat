;; Every level, and a message of no bytes.
;; expect: ok
;; log: error "a"
;; log: warning "b"
;; log: information "c"
;; log: debug "d"
;; log: trace ""
(module
  (import "tenzik" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "abcd")
  (func (export "run") (result i32)
    (call $log (i32.const 0) (i32.const 0) (i32.const 1))
    (call $log (i32.const 1) (i32.const 1) (i32.const 1))
    (call $log (i32.const 2) (i32.const 2) (i32.const 1))
    (call $log (i32.const 3) (i32.const 3) (i32.const 1))
    (call $log (i32.const 4) (i32.const 4) (i32.const 0))
    (i32.const 0)))
