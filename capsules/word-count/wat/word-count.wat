;; word-count: counts lines, words and bytes of its input, like `wc`.
(module
  ;; Fills a buffer (address, length) from the input. Returns the number of bytes: less than the
  ;; length only when the input ends, 0 at its end.
  (import "tenzik" "input_read" (func $input_read (param i32 i32) (result i32)))
  ;; Appends bytes (address, length) to the output.
  (import "tenzik" "output_write" (func $output_write (param i32 i32)))

  ;; One page, 64 KiB: texts at 0, digits end at 64, the buffer for the input is at 1024.
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"lines\":,\"words\":,\"bytes\":}\n")

  (func (export "run") (result i32)
    (local $lines i64) (local $words i64) (local $bytes i64)
    (local $end i32)      ;; of the bytes in the buffer
    (local $address i32)  ;; of the current byte
    (local $byte i32)
    (local $in_word i32) (local $was_in_word i32)
    ;; The input comes in pieces, so its size does not matter.
    (loop $pieces
      (local.set $end (call $input_read (i32.const 1024) (i32.const 1024)))
      (if (local.get $end)
        (then
          (local.set $bytes (i64.add (local.get $bytes) (i64.extend_i32_u (local.get $end))))
          (local.set $end (i32.add (local.get $end) (i32.const 1024)))
          (local.set $address (i32.const 1024))
          (loop $bytes
            (local.set $byte (i32.load8_u (local.get $address)))
            (local.set $lines (i64.add (local.get $lines)
              (i64.extend_i32_u (i32.eq (local.get $byte) (i32.const 10)))))
            (local.set $was_in_word (local.get $in_word))
            ;; White space is 9 to 13 and 32.
            (local.set $in_word (i32.and
              (i32.ne (local.get $byte) (i32.const 32))
              (i32.gt_u (i32.sub (local.get $byte) (i32.const 9)) (i32.const 4))))
            (local.set $words (i64.add (local.get $words)
              (i64.extend_i32_u (i32.gt_u (local.get $in_word) (local.get $was_in_word)))))
            (br_if $bytes (i32.lt_u
              (local.tee $address (i32.add (local.get $address) (i32.const 1)))
              (local.get $end))))
          (br $pieces))))
    (call $output_write (i32.const 0) (i32.const 9))
    (call $decimal (local.get $lines))
    (call $output_write (i32.const 9) (i32.const 9))
    (call $decimal (local.get $words))
    (call $output_write (i32.const 18) (i32.const 9))
    (call $decimal (local.get $bytes))
    (call $output_write (i32.const 27) (i32.const 2))
    (i32.const 0))

  ;; Writes a number. Its digits are made from the last to the first.
  (func $decimal (param $number i64)
    (local $first i32)
    (local.set $first (i32.const 64))
    (loop $digits
      (i32.store8
        (local.tee $first (i32.sub (local.get $first) (i32.const 1)))
        (i32.add (i32.const 48)
          (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10)))))
      (br_if $digits (i64.ne
        (local.tee $number (i64.div_u (local.get $number) (i64.const 10)))
        (i64.const 0))))
    (call $output_write (local.get $first) (i32.sub (i32.const 64) (local.get $first)))))
