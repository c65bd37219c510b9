//! What an argument of a program must look like.

use std::path::PathBuf;

/// One element of an argument template: text with at most one hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentPattern {
    /// Text before the hole, or the whole argument.
    pub prefix: String,
    /// The hole.
    pub hole: Option<Hole>,
    /// Text behind the hole.
    pub suffix: String,
}

/// A place in an argument that the request fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Its name in the template.
    pub name: String,
    /// What fits.
    pub kind: HoleKind,
    /// Whether it takes more than one argument, and how many at most.
    pub count_max: Option<u32>,
    /// Whether a value may begin with `-`.
    pub option: bool,
}

/// What fits into a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoleKind {
    /// A decimal integer in a range.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// Ports such as `22,80,1-1024`.
    Ports {
        /// Most ports in all.
        ports_max: u32,
    },
    /// An address or network inside of the rule's targets.
    Address,
    /// A DNS name.
    Hostname {
        /// Names, or `*.` and a suffix.
        names: Vec<String>,
    },
    /// One of these texts.
    Enum {
        /// The texts.
        values: Vec<String>,
    },
    /// An absolute path below a tree.
    Path {
        /// The tree.
        below: PathBuf,
    },
    /// Text that a regular expression matches as a whole.
    Text {
        /// The expression.
        pattern: String,
        /// Longest value in bytes.
        bytes_max: u32,
    },
}
