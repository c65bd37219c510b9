//! The SDKs of C, AssemblyScript and Zig: every import has the right type, every wrapper works.

use tenzik_runtime::{Capability, HOST_FUNCTIONS, HostFunction};

use super::languages::languages;
use crate::world::World;

/// The languages with an SDK that is one file, of those that can be compiled here.
fn sdk_languages(world: &World) -> Vec<(&'static str, &'static str)> {
    let found = languages(world).into_iter();
    found
        .filter(|language| ["c", "assemblyscript", "zig"].contains(&language.name))
        .map(|language| (language.name, language.ending))
        .collect()
}

/// Builds a new capsule with this source.
fn build(world: &World, language: &str, ending: &str, source: &str) -> String {
    let _ = std::fs::remove_dir_all(world.path("p"));
    world.tenzik(["new", "p", "--lang", language]).exits(0);
    world.write(&format!("p/p.{ending}"), source);
    world.tenzik(["build", "p"]).exits(0);
    "p/p.wasm".to_owned()
}

/// A call of the function with arguments that are never used.
fn call(language: &str, row: &HostFunction) -> String {
    let arguments: Vec<&str> = row
        .parameters
        .iter()
        .map(|(_, word)| match (language, *word) {
            ("zig", "in_ptr" | "out_ptr") => "@ptrFromInt(8)",
            _ => "0",
        })
        .collect();
    let arguments = arguments.join(", ");
    match language {
        "c" => format!("tenzik_{}({arguments});", row.name),
        "zig" => format!("_ = import.{}({arguments});", row.name),
        _ => format!("sdk.{}({arguments});", row.name),
    }
}

#[test]
fn every_import_has_the_type_of_the_table() {
    let world = World::new();
    for (language, ending) in sdk_languages(&world) {
        let calls: Vec<String> = HOST_FUNCTIONS
            .iter()
            .map(|row| call(language, row))
            .collect();
        let calls = calls.join("\n");
        let source = match language {
            "c" => format!("#include \"tenzik.h\"\nTENZIK_RUN {{\n{calls}\nreturn 0;\n}}\n"),
            "zig" => format!(
                "const tenzik = @import(\"tenzik\");\nconst import = tenzik.import;\npub const panic = tenzik.panic;\n\
                 export fn run() i32 {{\n{calls}\nreturn 0;\n}}\n"
            ),
            _ => format!(
                "import * as sdk from \"./vendor/tenzik\";\nexport function run(): i32 {{\n{calls}\nreturn 0;\n}}\n"
            ),
        };
        let wasm = build(&world, language, ending, &source);
        let object = world.tenzik(["inspect", &wasm, "--json"]).exits(30).json();
        let text = object.to_string();
        for row in HOST_FUNCTIONS {
            assert!(
                text.contains(&format!("\"{}\"", row.name)),
                "{language}: no {}",
                row.name
            );
        }
        for capability in Capability::ALL {
            assert!(
                text.contains(capability.name()),
                "{language}: no {}",
                capability.name()
            );
        }
    }
}

/// Copies its input to its output in upper case; `?` fails with code 3, `!` logs, and `=` appends the
/// rest of the input as base64. What it writes also goes through everything that moves memory.
const C: &str = r#"
#include "tenzik.h"

struct block { uint8_t bytes[200]; };
static struct block block, copy;
static uint8_t in[7], out[5];

TENZIK_RUN {
    struct tenzik_input input = TENZIK_INPUT(in);
    struct tenzik_output output = TENZIK_OUTPUT(out);
    int byte;
    while ((byte = tenzik_input_next(&input)) >= 0) {
        if (byte == '?') tenzik_fail_text(3, "a question");
        if (byte == '!') tenzik_log_text(TENZIK_WARNING, "an exclamation");
        if (byte == '=') {
            tenzik_output_flush(&output);
            size_t length = 0;
            while (tenzik_input_peek(&input) >= 0 && length < sizeof block.bytes)
                block.bytes[length++] = (uint8_t)tenzik_input_next(&input);
            copy = block;
            memset(block.bytes, 0, sizeof block.bytes);
            memmove(copy.bytes + 1, copy.bytes, length);
            if (memcmp(copy.bytes + 1, copy.bytes, 1) != 0) return 9;
            int32_t result = tenzik_base64_encode(copy.bytes + 1, length);
            if (result < 0) return result;
            tenzik_result_to_output(result, in, sizeof in);
            continue;
        }
        tenzik_output_byte(&output, byte >= 'a' && byte <= 'z' ? byte - 32 : byte);
    }
    tenzik_output_decimal(&output, 18446744073709551615u);
    tenzik_output_flush(&output);
    return 0;
}
"#;

const ASSEMBLYSCRIPT: &str = r#"
import { Level, base64_encode, failText, inputNext, inputPeek, logText, outputByte, outputDecimal,
  outputFlush, resultToOutput } from "./vendor/tenzik";

const block = memory.data(200);

export function run(): i32 {
  let byte: i32;
  while ((byte = inputNext()) >= 0) {
    if (byte == 0x3f) failText(3, "a question");
    if (byte == 0x21) logText(Level.Warning, "an exclamation");
    if (byte == 0x3d) {
      let length: usize = 0;
      while (inputPeek() >= 0 && length < 200) store<u8>(block + length++, inputNext());
      const result = base64_encode(block, length);
      if (result < 0) return result;
      resultToOutput(result);
      continue;
    }
    outputByte(byte >= 0x61 && byte <= 0x7a ? byte - 32 : byte);
  }
  outputDecimal(u64.MAX_VALUE);
  outputFlush();
  return 0;
}
"#;

const ZIG: &str = r#"
const tenzik = @import("tenzik");
pub const panic = tenzik.panic;

var input: tenzik.Input(7) = .{};
var output: tenzik.Output(5) = .{};
var block: [200]u8 = undefined;

export fn run() i32 {
    while (input.next()) |byte| {
        if (byte == '?') tenzik.fail(3, "a question");
        if (byte == '!') tenzik.log(.warning, "an exclamation");
        if (byte == '=') {
            output.flush();
            var length: usize = 0;
            while (input.peek() != null and length < block.len) : (length += 1) block[length] = input.next().?;
            const handle = tenzik.import.base64_encode(&block, length);
            const result = tenzik.Result.of(handle) catch return 9;
            result.toOutput(&block);
            continue;
        }
        output.byte(if (byte >= 'a' and byte <= 'z') byte - 32 else byte);
    }
    output.decimal(18446744073709551615);
    output.flush();
    return 0;
}
"#;

#[test]
fn every_wrapper_works() {
    let world = World::new();
    for (language, ending) in sdk_languages(&world) {
        let source = match language {
            "c" => C,
            "zig" => ZIG,
            _ => ASSEMBLYSCRIPT,
        };
        let wasm = build(&world, language, ending, source);
        let run = |input: &str| world.tenzik(["run", &wasm, "--input-text", input]);
        let ended = run("some words!=foobar").exits(0);
        assert_eq!(
            ended.text(),
            "SOME WORDS!Zm9vYmFy18446744073709551615",
            "{language}"
        );
        assert!(
            ended.stderr.contains("an exclamation"),
            "{language}: {}",
            ended.stderr
        );
        let ended = run("why?").exits(20);
        assert!(
            ended.stderr.contains("code 3: a question"),
            "{language}: {}",
            ended.stderr
        );
    }
}
