;; A memory that is one too many is reported as that, not as a feature.
;; expect: reject memory_count
(module
  (memory (export "memory") 1)
  (memory $other 1)
  (func $second (result i32)
    (i32.load $other (i32.const 0)))
  (func (export "run") (result i32)
    (call $second)))
