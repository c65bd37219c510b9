/* word-count: counts lines, words and bytes of its input, like `wc`. */

#include "tenzik.h"

static uint8_t input_buffer[1024], output_buffer[128];

static int is_space(int byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

TENZIK_RUN {
    struct tenzik_input input = TENZIK_INPUT(input_buffer);
    struct tenzik_output output = TENZIK_OUTPUT(output_buffer);
    uint64_t lines = 0, words = 0, bytes = 0;
    int in_word = 0;

    /* The input comes in pieces, so its size does not matter. */
    for (int byte; (byte = tenzik_input_next(&input)) >= 0; bytes++) {
        lines += byte == '\n';
        int was_in_word = in_word;
        in_word = !is_space(byte);
        words += in_word && !was_in_word;
    }

    tenzik_output_text(&output, "{\"lines\":");
    tenzik_output_decimal(&output, lines);
    tenzik_output_text(&output, ",\"words\":");
    tenzik_output_decimal(&output, words);
    tenzik_output_text(&output, ",\"bytes\":");
    tenzik_output_decimal(&output, bytes);
    tenzik_output_text(&output, "}\n");
    tenzik_output_flush(&output);
    return 0;
}
