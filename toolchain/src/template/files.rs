//! The files of a new capsule. In C, AssemblyScript and Zig its source is that of the capsule
//! `word-count` in this repository, under another name.

use std::path::PathBuf;

use super::sdk;
use crate::language::Language;

/// The name that stands in sources for the name of the new capsule.
const EXAMPLE: &str = "word-count";

/// A source of the capsule `word-count`.
macro_rules! word_count {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../capsules/word-count/",
            $path
        ))
    };
}

/// A file that is the same in every new capsule but for the names in it.
macro_rules! template {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/templates/",
            $path,
            ".template"
        ))
    };
}

/// An SDK that is one file.
macro_rules! sdk {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk/", $path))
    };
}

/// What one language has that the others have not.
struct Own {
    readme: &'static str,
    /// Pairs of path and content; the first is the source.
    files: &'static [(&'static str, &'static str)],
    example_input: &'static str,
    example_output: &'static str,
}

const COUNT_INPUT: &str = include_str!("../../templates/example.input");
const COUNT_OUTPUT: &str = include_str!("../../templates/example.output");

const fn own(language: Language) -> Own {
    let (readme, files): (_, &[(&str, &str)]) = match language {
        Language::Rust => (
            template!("rust/README.md"),
            &[
                ("src/lib.rs", template!("rust/lib.rs")),
                ("Cargo.toml", template!("rust/Cargo.toml")),
            ],
        ),
        Language::C => (
            template!("c/README.md"),
            &[
                ("word-count.c", word_count!("c/word-count.c")),
                ("vendor/tenzik.h", sdk!("c/tenzik.h")),
            ],
        ),
        Language::AssemblyScript => (
            template!("assemblyscript/README.md"),
            &[
                ("word-count.ts", word_count!("assemblyscript/word-count.ts")),
                ("vendor/tenzik.ts", sdk!("assemblyscript/tenzik.ts")),
            ],
        ),
        Language::Zig => (
            template!("zig/README.md"),
            &[
                ("word-count.zig", word_count!("zig/word-count.zig")),
                ("vendor/tenzik.zig", sdk!("zig/tenzik.zig")),
            ],
        ),
        Language::Wat => {
            return Own {
                readme: template!("wat/README.md"),
                files: &[("word-count.wat", template!("wat/capsule.wat"))],
                example_input: include_str!("../../templates/wat/example.input"),
                example_output: include_str!("../../templates/wat/example.output"),
            };
        }
    };
    Own {
        readme,
        files,
        example_input: COUNT_INPUT,
        example_output: COUNT_OUTPUT,
    }
}

/// The files of a new capsule called `name`.
pub(super) fn render(language: Language, name: &str) -> Vec<(PathBuf, String)> {
    let own = own(language);
    let source = own.files.first().map_or("", |(path, _)| path);
    let source = source.replace(EXAMPLE, name);
    let filled = |text: &str| {
        text.replace("{{name}}", name)
            .replace("{{language}}", language.name())
            .replace("{{source}}", &source)
    };
    let mut files = vec![
        (PathBuf::from("README.md"), filled(own.readme)),
        (
            PathBuf::from("tests/example.input"),
            own.example_input.to_owned(),
        ),
        (
            PathBuf::from("tests/example.output"),
            own.example_output.to_owned(),
        ),
    ];
    for (path, content) in own.files {
        let path = PathBuf::from(path.replace(EXAMPLE, name));
        // The SDK stays as it is.
        let content = if path.starts_with("vendor") {
            (*content).to_owned()
        } else {
            filled(&content.replace(EXAMPLE, name))
        };
        files.push((path, content));
    }
    if language == Language::Rust {
        files.push((".gitignore".into(), template!("rust/gitignore").to_owned()));
        files.extend(sdk::vendored_files());
    } else {
        files.push((".gitignore".into(), filled(template!("gitignore"))));
        files.push(("tenzik.toml".into(), filled(template!("tenzik.toml"))));
    }
    files
}
