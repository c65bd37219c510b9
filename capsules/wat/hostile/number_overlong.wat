;; A length in six bytes: a LEB128 number of 32 bits has at most five.
;; expect: reject module_invalid
(module binary "\00asm\01\00\00\00" "\01\85\80\80\80\80\00\01\60\00\01\7f")
