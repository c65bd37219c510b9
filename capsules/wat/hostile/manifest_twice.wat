;; expect: reject manifest_invalid
(module
  (@custom "tenzik" "{\22abi\22:1,\22name\22:\22a\22,\22needs\22:[],\22version\22:\220\22}")
  (@custom "tenzik" "{\22abi\22:1,\22name\22:\22a\22,\22needs\22:[\22time\22],\22version\22:\220\22}")
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (i32.const 0)))
