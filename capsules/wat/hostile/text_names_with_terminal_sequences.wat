;; The assembler quotes the text; nothing but printable characters comes through.
;; expect: reject text_invalid
(module (func $a (unknown "[31m‮")))
