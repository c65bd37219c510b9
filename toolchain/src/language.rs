//! The languages that capsules are written in.

/// A language that has a template and a way to be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Language {
    /// `rust`: a crate with the SDK beside it.
    #[default]
    Rust,
    /// `c`: C17 without a library.
    C,
    /// `assemblyscript`: a subset of TypeScript.
    AssemblyScript,
    /// `zig`.
    Zig,
    /// `wat`: WebAssembly text.
    Wat,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 5] = [
        Language::Rust,
        Language::C,
        Language::AssemblyScript,
        Language::Zig,
        Language::Wat,
    ];

    /// Its name on the command line and in `tenzik.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::AssemblyScript => "assemblyscript",
            Language::Zig => "zig",
            Language::Wat => "wat",
        }
    }

    /// The language with this name.
    pub fn named(name: &str) -> Option<Language> {
        Language::ALL
            .into_iter()
            .find(|language| language.name() == name)
    }

    /// Its name in the section `producers`.
    pub(crate) const fn producer_name(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::C => "C",
            Language::AssemblyScript => "AssemblyScript",
            Language::Zig => "Zig",
            Language::Wat => "WAT",
        }
    }
}
