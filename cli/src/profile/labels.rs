//! What the frames of a profile are called.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tenzik_runtime::{FuelProfile, FunctionNames, IMPORT_MODULE, ProfileFrame};

/// Longest label, in bytes. A folded file repeats labels for each stack.
const LABEL_BYTES_MAX: usize = 100;

/// What a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Code of the capsule.
    Capsule,
    /// A host function.
    Host,
    /// Not a function: the instance, or what is not told apart.
    Other,
}

impl Kind {
    /// The word for it in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Capsule => "capsule",
            Kind::Host => "host",
            Kind::Other => "other",
        }
    }
}

/// The labels of one profile: printable, without `;` and of bounded length.
pub(crate) struct Labels {
    functions: BTreeMap<u32, String>,
    imports: u32,
}

impl Labels {
    /// Names every frame of `profile`.
    pub(crate) fn new(profile: &FuelProfile, names: &FunctionNames) -> Labels {
        let imports = u32::try_from(profile.imports.len()).unwrap_or(u32::MAX);
        let mut functions = BTreeMap::new();
        for stack in &profile.stacks {
            let ProfileFrame::Function(index) = stack.frame else {
                continue;
            };
            functions.entry(index).or_insert_with(|| {
                match (profile.imports.get(index as usize), names.name(index)) {
                    (Some(import), _) => printable(&format!("{IMPORT_MODULE}.{import}")),
                    (None, Some(name)) if !name.is_empty() => printable(&demangled(name)),
                    _ => format!("func[{index}]"),
                }
            });
        }
        Labels { functions, imports }
    }

    /// What `frame` is called.
    pub(crate) fn label(&self, frame: ProfileFrame) -> &str {
        match frame {
            ProfileFrame::Instance => "[instance]",
            ProfileFrame::Function(index) => self.functions.get(&index).map_or("?", String::as_str),
            ProfileFrame::Deeper => "[deeper]",
            ProfileFrame::Others => "[other stacks]",
        }
    }

    /// What `frame` belongs to.
    pub(crate) fn kind(&self, frame: ProfileFrame) -> Kind {
        match frame {
            ProfileFrame::Function(index) if index < self.imports => Kind::Host,
            ProfileFrame::Function(_) => Kind::Capsule,
            _ => Kind::Other,
        }
    }
}

/// Takes text up to a limit and then refuses more, which ends a demangling that would take long.
struct Limited(String);

impl std::fmt::Write for Limited {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len() + text.len() > 4 * LABEL_BYTES_MAX {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// A Rust symbol as people write it; any other name as it is.
fn demangled(name: &str) -> String {
    let mut text = Limited(String::new());
    let _ = write!(text, "{:#}", rustc_demangle::demangle(name));
    text.0
}

/// Printable ASCII without `;`, which parts the frames of a folded stack; the middle of a long name
/// is left out.
fn printable(name: &str) -> String {
    let mut label = String::new();
    for character in name.chars() {
        match character {
            ';' => label.push(':'),
            ' '..='~' => label.push(character),
            other => {
                let _ = write!(label, "\\u{{{:x}}}", u32::from(other));
            }
        }
    }
    let label = label.trim();
    if label.is_empty() {
        return "?".to_owned();
    }
    if label.len() <= LABEL_BYTES_MAX {
        return label.to_owned();
    }
    let end = LABEL_BYTES_MAX - 2;
    let (head, tail) = (end / 2, label.len() - (end - end / 2));
    let part = |range: Option<&str>| range.unwrap_or_default().to_owned();
    part(label.get(..head)) + ".." + &part(label.get(tail..))
}

#[cfg(test)]
mod tests {
    use super::{LABEL_BYTES_MAX, demangled, printable};

    #[test]
    fn names_of_a_capsule_are_made_harmless() {
        assert_eq!(printable("a;b 1\n"), "a:b 1\\u{a}");
        assert_eq!(printable("\u{1b}[31m\u{202e}"), "\\u{1b}[31m\\u{202e}");
        assert_eq!(printable(" "), "?");
        let long = printable(&"abc".repeat(1_000));
        assert_eq!(long.len(), LABEL_BYTES_MAX);
        assert!(long.contains("..") && long.ends_with("abc"));
    }

    #[test]
    fn rust_symbols_are_demangled() {
        let name = "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE";
        assert_eq!(demangled(name), "core::fmt::Formatter::pad");
        assert_eq!(demangled("plain"), "plain");
        // A symbol whose text would be huge: each backref doubles it.
        let bomb = format!("_R{}", "TB".repeat(100));
        assert!(demangled(&bomb).len() <= 400);
    }
}
