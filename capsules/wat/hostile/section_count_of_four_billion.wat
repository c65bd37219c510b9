;; A count is no reason to allocate.
;; expect: reject module_invalid
(module binary "\00asm\01\00\00\00" "\01\06\ff\ff\ff\ff\0f\60")
