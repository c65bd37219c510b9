;; A fifth byte that sets bits beyond the thirty-second.
;; expect: reject module_invalid
(module binary "\00asm\01\00\00\00" "\01\05\81\80\80\80\10\60\00\01\7f")
