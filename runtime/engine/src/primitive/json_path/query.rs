//! A parsed RFC 9535 query.

use super::pattern::{Mode, Program};

/// The query and what has to be known before it is evaluated.
pub(super) struct Plan {
    pub(super) query: Query,
    /// The parts of filters that do not depend on the current node, each evaluated once. A part
    /// refers only to parts before it.
    pub(super) constants: Vec<Constant>,
}

/// The place of a [`Constant`] in its [`Plan`].
pub(super) type Slot = usize;

/// Part of a filter that does not depend on the current node.
pub(super) enum Constant {
    Condition(Condition),
    Operand(Operand),
    /// The I-Regexp that an operand names.
    Pattern(Operand),
}

/// Section 2.1: an identifier and segments.
pub(super) struct Query {
    pub(super) anchor: Anchor,
    pub(super) segments: Vec<Segment>,
}

/// Where a query begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `$`, section 2.2.
    Root,
    /// `@`, section 2.3.5.
    Current,
}

/// Section 2.5.
pub(super) struct Segment {
    pub(super) is_descendant: bool,
    pub(super) selectors: Vec<Selector>,
}

/// Section 2.3.
pub(super) enum Selector {
    Name(String),
    Wildcard,
    Index(i64),
    Slice(Slice),
    Filter(Condition),
}

/// Section 2.3.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) step: i64,
}

/// A logical expression, section 2.3.5.
pub(super) enum Condition {
    Or(Vec<Condition>),
    And(Vec<Condition>),
    Not(Box<Condition>),
    Exists(Query),
    Compare(Operand, Comparator, Operand),
    Matches(Operand, Pattern, Mode),
    Constant(Slot),
}

/// Something that is compared or given to a function.
pub(super) enum Operand {
    Literal(Literal),
    /// A singular query, or the function `value`: the value of the only node selected.
    Value(Query),
    Count(Query),
    Length(Box<Operand>),
    Constant(Slot),
}

/// A literal of a query. Numbers are kept as they are written.
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
}

/// The second argument of `match` and `search`.
pub(super) enum Pattern {
    Literal(Program),
    Constant(Slot),
}

/// Section 2.3.5.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Query {
    /// Whether at most one node is selected whatever the document is (section 2.3.5.1).
    pub(super) fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            !segment.is_descendant
                && matches!(
                    segment.selectors.as_slice(),
                    [Selector::Name(_) | Selector::Index(_)]
                )
        })
    }
}
