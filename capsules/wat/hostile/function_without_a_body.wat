;; expect: reject module_invalid
(module binary
  "\00asm\01\00\00\00"
  "\01\05\01\60\00\01\7f"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\07\10\02\06memory\02\00\03run\00\00")
