;; Echo as a contract of cosmwasm-vm: the answer to a query is its message. A region is three words
;; (offset, capacity, length); what is allocated is never given back, for an instance serves one query.
(module
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 1024))
  (func (export "interface_version_8"))
  (func (export "allocate") (param $size i32) (result i32)
    (local $region i32)
    (local.set $region (global.get $next))
    (i32.store (local.get $region) (i32.add (local.get $region) (i32.const 16)))
    (i32.store offset=4 (local.get $region) (local.get $size))
    (i32.store offset=8 (local.get $region) (i32.const 0))
    (global.set $next
      (i32.add (local.get $region)
        (i32.and (i32.add (local.get $size) (i32.const 31)) (i32.const -16))))
    (local.get $region))
  (func (export "deallocate") (param i32))
  (func (export "query") (param $env i32) (param $message i32) (result i32)
    (local.get $message)))
