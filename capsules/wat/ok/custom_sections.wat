;; Custom sections of other tools are passed over, a malformed name section too.
;; expect: ok
(module binary
  "\00asm\01\00\00\00"
  "\00\06\04name\ff"
  "\00\09\08producer"
  "\01\05\01\60\00\01\7f"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\07\10\02\06memory\02\00\03run\00\00"
  "\0a\06\01\04\00\41\00\0b"
  "\00\01\00")
