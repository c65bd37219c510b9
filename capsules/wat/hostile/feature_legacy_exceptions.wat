;; The first encoding of exceptions: try, catch_all, end.
;; expect: reject feature_disabled
;; finding: feature_disabled in run "uses the feature legacy-exceptions"
(module binary
  "\00asm\01\00\00\00"
  "\01\05\01\60\00\01\7f"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\07\10\02\06memory\02\00\03run\00\00"
  "\0a\0a\01\08\00\06\40\19\0b\41\00\0b")
