;; expect: reject module_invalid
(module binary "\00asm\01\00\00")
