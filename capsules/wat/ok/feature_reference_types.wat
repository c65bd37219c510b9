;; Reference types as far as funcref: table.get, set, size, grow, fill, copy, init, ref.null, ref.func, typed select.
;; expect: ok
(module
  (memory (export "memory") 1)
  (table $table 4 20 funcref)
  (elem $passive func $one $two)
  (elem declare func $two)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "run") (result i32)
    (table.init $table $passive (i32.const 0) (i32.const 0) (i32.const 2))
    (elem.drop $passive)
    (table.copy $table $table (i32.const 2) (i32.const 0) (i32.const 1))
    (table.set $table (i32.const 3) (select (result funcref) (ref.func $two) (ref.null func) (i32.const 1)))
    (if (i32.ne (table.grow $table (ref.null func) (i32.const 2)) (i32.const 4)) (then (return (i32.const 1))))
    (table.fill $table (i32.const 4) (table.get $table (i32.const 0)) (i32.const 2))
    (if (ref.is_null (table.get $table (i32.const 5))) (then (return (i32.const 2))))
    (i32.sub
      (i32.add (call_indirect $table (result i32) (i32.const 3)) (call_indirect $table (result i32) (i32.const 5)))
      (i32.sub (table.size $table) (i32.const 3)))))
