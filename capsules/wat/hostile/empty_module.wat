;; expect: reject memory_missing run_missing
(module)
