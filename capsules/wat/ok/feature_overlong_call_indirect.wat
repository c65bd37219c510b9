;; rustc writes the table index of call_indirect as a padded five-byte number.
;; expect: ok
(module binary
  "\00asm\01\00\00\00"
  "\01\05\01\60\00\01\7f"                                ;; type () -> i32
  "\03\03\02\00\00"                                      ;; two functions
  "\04\04\01\70\00\01"                                   ;; one table
  "\05\03\01\00\01"                                      ;; one memory
  "\07\10\02\06memory\02\00\03run\00\00"                 ;; exports
  "\09\07\01\00\41\00\0b\01\01"                          ;; element 0 is function 1
  "\0a\16\02"                                            ;; code
  "\0f\00\41\00\11\80\80\80\80\00\80\80\80\80\00\0b\04\00\41\00\0b")
