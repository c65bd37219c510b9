;; A few bytes that ask a compiler for 50,000 variables.
;; expect: reject structure_limit
;; finding: structure_limit in run "has 50000 locals"
(module binary
  "\00asm\01\00\00\00"
  "\01\05\01\60\00\01\7f"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\07\10\02\06memory\02\00\03run\00\00"
  "\0a\0a\01\08\01\d0\86\03\7e\41\00\0b")
