;; expect: reject memory_missing run_missing
(module binary "\00asm\01\00\00\00")
