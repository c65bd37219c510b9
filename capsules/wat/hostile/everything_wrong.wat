;; One pass finds all of it.
;; expect: reject start_function memory_missing run_missing import_unknown import_type feature_disabled
(module
  (import "env" "abort" (func))
  (import "tenzik" "log" (func))
  (func $start
    (drop (v128.const i32x4 0 0 0 0)))
  (start $start))
