;; A constant expression that reads the global it defines.
;; expect: reject module_invalid
(module
  (memory (export "memory") 1)
  (global $self i32 (global.get $self))
  (func (export "run") (result i32) (global.get $self)))
