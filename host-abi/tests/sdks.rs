//! The SDKs of other languages than Rust declare the host functions as the table has them.
//!
//! What stands between the comments `rendered: NAME` and `end of NAME` of an SDK comes from the
//! table; `UPDATE=1` writes it anew. The rest is written by hand.

#![expect(
    clippy::disallowed_methods,
    reason = "UPDATE decides whether the files are written"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::fmt::Write as _;
use std::path::PathBuf;

use tenzik_host_abi::{HOST_FUNCTIONS, HostFunction, LogLevel, Status};

/// How one language says it.
struct Language {
    file: &'static str,
    /// What a line comment begins and ends with.
    comment: (&'static str, &'static str),
    numbers: fn() -> String,
    import: fn(&HostFunction) -> String,
    /// Before each line.
    indent: &'static str,
}

const LANGUAGES: [Language; 3] = [
    Language {
        file: "c/tenzik.h",
        comment: ("/* ", " */"),
        numbers: c_numbers,
        import: c_import,
        indent: "",
    },
    Language {
        file: "assemblyscript/tenzik.ts",
        comment: ("// ", ""),
        numbers: assemblyscript_numbers,
        import: assemblyscript_import,
        indent: "",
    },
    Language {
        file: "zig/tenzik.zig",
        comment: ("// ", ""),
        numbers: zig_numbers,
        import: zig_import,
        indent: "    ",
    },
];

const LEVELS: [LogLevel; 5] = [
    LogLevel::Error,
    LogLevel::Warning,
    LogLevel::Information,
    LogLevel::Debug,
    LogLevel::Trace,
];

#[test]
fn sdks_follow_the_table() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    for language in LANGUAGES {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../sdk")
            .join(language.file);
        let text = std::fs::read_to_string(&path).unwrap();
        let imports: Vec<String> = HOST_FUNCTIONS.iter().map(language.import).collect();
        let current = with_part(&text, &language, "numbers", &(language.numbers)());
        let current = with_part(&current, &language, "imports", &imports.join("\n"));
        if current == text {
            continue;
        }
        assert!(
            update,
            "sdk/{} is behind the table; UPDATE=1 cargo test -p tenzik-host-abi",
            language.file
        );
        std::fs::write(path, current).unwrap();
    }
}

/// `text` with `content` between the two comments that name the part.
fn with_part(text: &str, language: &Language, name: &str, content: &str) -> String {
    let (open, close) = language.comment;
    let begin = format!("{open}rendered: {name}{close}\n");
    let end = format!("{open}end of {name}{close}\n");
    let (before, rest) = text.split_once(&begin).expect("the part begins");
    let (inside, after) = rest.split_once(&end).expect("the part ends");
    // The comment at the end keeps its indentation.
    let margin = &inside[inside.rfind('\n').map_or(0, |at| at + 1)..];
    let indent = if name == "imports" {
        language.indent
    } else {
        ""
    };
    let mut part = String::new();
    for line in content.lines() {
        if !line.is_empty() {
            part += indent;
            part += line;
        }
        part.push('\n');
    }
    format!("{before}{begin}{part}{margin}{end}{after}")
}

fn doc_lines(row: &HostFunction) -> Vec<&str> {
    row.doc.lines().map(str::trim).collect()
}

/// `invalid_json` as `InvalidJson`.
fn camel_case(name: &str) -> String {
    let words = name.split('_');
    words.fold(String::new(), |mut camel, word| {
        let (first, rest) = word.split_at(1);
        camel += &first.to_uppercase();
        camel += rest;
        camel
    })
}

fn parameters(row: &HostFunction, write: impl Fn(&str, &str) -> String) -> String {
    let parameters: Vec<String> = row
        .parameters
        .iter()
        .map(|(name, word)| write(name, word))
        .collect();
    parameters.join(", ")
}

// ---- C ------------------------------------------------------------------------------------------

fn c_numbers() -> String {
    let mut text = String::from("/* Levels of log messages. */\nenum {\n");
    for level in LEVELS {
        let name = level.name().to_uppercase();
        writeln!(text, "    TENZIK_{name} = {},", level as i32).unwrap();
    }
    text += "};\n\n/* Results below 0: why a host function did not do its work. */\nenum {\n";
    for status in Status::ALL {
        let name = status.name().to_uppercase();
        writeln!(text, "    TENZIK_{name} = {},", status.number()).unwrap();
    }
    text + "};\n"
}

fn c_type(word: &str) -> &'static str {
    match word {
        "in_ptr" => "const void *",
        "out_ptr" => "void *",
        "len" | "count" => "size_t ",
        "number" | "handle" | "status" => "int32_t ",
        "millis" => "int64_t ",
        "nothing" => "void ",
        _ => panic!("no C type for {word}"),
    }
}

fn c_import(row: &HostFunction) -> String {
    let parameters = parameters(row, |name, word| format!("{}{name}", c_type(word)));
    let parameters = if parameters.is_empty() {
        "void"
    } else {
        &parameters
    };
    format!(
        "/* {} */\nTENZIK_IMPORT({}) {}tenzik_{}({parameters});\n",
        doc_lines(row).join("\n * "),
        row.name,
        c_type(row.result),
        row.name
    )
}

// ---- AssemblyScript -----------------------------------------------------------------------------

fn assemblyscript_numbers() -> String {
    let mut text = String::from("/** Levels of log messages. */\nexport const enum Level {\n");
    for level in LEVELS {
        writeln!(text, "  {} = {},", camel_case(level.name()), level as i32).unwrap();
    }
    text += "}\n\n/** Results below 0: why a host function did not do its work. */\nexport const enum Status {\n";
    for status in Status::ALL {
        writeln!(
            text,
            "  {} = {},",
            camel_case(status.name()),
            status.number()
        )
        .unwrap();
    }
    text + "}\n"
}

fn assemblyscript_type(word: &str) -> &'static str {
    match word {
        "in_ptr" | "out_ptr" | "len" | "count" => "usize",
        "number" | "handle" | "status" => "i32",
        "millis" => "i64",
        "nothing" => "void",
        _ => panic!("no AssemblyScript type for {word}"),
    }
}

fn assemblyscript_import(row: &HostFunction) -> String {
    let parameters = parameters(row, |name, word| {
        format!("{name}: {}", assemblyscript_type(word))
    });
    format!(
        "/**\n * {}\n */\n// @ts-ignore: decorator\n@external(\"tenzik\", \"{}\")\nexport declare function {}({parameters}): {};\n",
        doc_lines(row).join("\n * "),
        row.name,
        row.name,
        assemblyscript_type(row.result)
    )
}

// ---- Zig ----------------------------------------------------------------------------------------

fn zig_numbers() -> String {
    let mut text = String::from("/// Levels of log messages.\npub const Level = enum(i32) {\n");
    for level in LEVELS {
        // `error` is a word of the language.
        let name = level.name().replace("error", "@\"error\"");
        writeln!(text, "    {name} = {},", level as i32).unwrap();
    }
    text += "};\n\n/// Results below 0: why a host function did not do its work.\npub const Status = enum(i32) {\n";
    for status in Status::ALL {
        writeln!(text, "    {} = {},", status.name(), status.number()).unwrap();
    }
    text += "    _,\n\n    pub const Error = error{\n";
    for status in Status::ALL {
        writeln!(text, "        {},", camel_case(status.name())).unwrap();
    }
    text +=
        "    };\n\n    /// The status as an error. A number that is not in this list is a trap.\n";
    text += "    pub fn toError(self: Status) Error {\n        return switch (self) {\n";
    for status in Status::ALL {
        let name = status.name();
        writeln!(text, "            .{name} => error.{},", camel_case(name)).unwrap();
    }
    text + "            _ => @trap(),\n        };\n    }\n};\n"
}

fn zig_type(word: &str) -> &'static str {
    match word {
        "in_ptr" => "[*]const u8",
        "out_ptr" => "[*]u8",
        "len" | "count" => "usize",
        "number" | "handle" | "status" => "i32",
        "millis" => "i64",
        "nothing" => "void",
        _ => panic!("no Zig type for {word}"),
    }
}

fn zig_import(row: &HostFunction) -> String {
    let parameters = parameters(row, |name, word| format!("{name}: {}", zig_type(word)));
    format!(
        "/// {}\npub extern \"tenzik\" fn {}({parameters}) {};\n",
        doc_lines(row).join("\n/// "),
        row.name,
        zig_type(row.result)
    )
}
