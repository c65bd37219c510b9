//! word-count: counts lines, words and bytes of its input, like `wc`.

const tenzik = @import("tenzik");

pub const panic = tenzik.panic;

var input: tenzik.Input(1024) = .{};
var output: tenzik.Output(128) = .{};

fn isSpace(byte: u8) bool {
    return byte == ' ' or (byte >= '\t' and byte <= '\r');
}

export fn run() i32 {
    var lines: u64 = 0;
    var words: u64 = 0;
    var bytes: u64 = 0;
    var in_word = false;

    // The input comes in pieces, so its size does not matter.
    while (input.next()) |byte| : (bytes += 1) {
        if (byte == '\n') lines += 1;
        const was_in_word = in_word;
        in_word = !isSpace(byte);
        if (in_word and !was_in_word) words += 1;
    }

    output.bytes("{\"lines\":");
    output.decimal(lines);
    output.bytes(",\"words\":");
    output.decimal(words);
    output.bytes(",\"bytes\":");
    output.decimal(bytes);
    output.bytes("}\n");
    output.flush();
    return 0;
}
