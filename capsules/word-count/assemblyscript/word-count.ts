// word-count: counts lines, words and bytes of its input, like `wc`.

import { inputNext, outputDecimal, outputFlush, outputText } from "./vendor/tenzik";

function isSpace(byte: i32): bool {
  return byte == 0x20 || <u32>(byte - 0x09) < 5;
}

export function run(): i32 {
  let lines: u64 = 0;
  let words: u64 = 0;
  let bytes: u64 = 0;
  let inWord = false;

  // The input comes in pieces, so its size does not matter.
  for (let byte: i32; (byte = inputNext()) >= 0; bytes++) {
    lines += u64(byte == 0x0a);
    const wasInWord = inWord;
    inWord = !isSpace(byte);
    words += u64(inWord && !wasInWord);
  }

  outputText('{"lines":');
  outputDecimal(lines);
  outputText(',"words":');
  outputDecimal(words);
  outputText(',"bytes":');
  outputDecimal(bytes);
  outputText("}\n");
  outputFlush();
  return 0;
}
