;; A second section of types could replace the first after it was checked.
;; expect: reject module_invalid
(module binary
  "\00asm\01\00\00\00"
  "\01\05\01\60\00\01\7f"
  "\01\05\01\60\00\01\7e"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\07\10\02\06memory\02\00\03run\00\00"
  "\0a\06\01\04\00\41\00\0b")
