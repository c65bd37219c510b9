;; An import under the name run has the wrong type: no host function is () -> i32.
;; expect: reject run_type
(module
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (export "run" (func $input_read)))
