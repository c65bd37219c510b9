//! An expression as it was read.
//!
//! Operators of one kind side by side, chains of `.name`, `[index]` and `.function()`, and chains of
//! `? :` are one flat node each. Only what lies inside of something else makes the tree higher, so
//! that its height, and with it every recursion over it, stays under
//! [`NESTING_MAX`](super::limits::NESTING_MAX).

use super::Type;
use super::functions::Function;

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Byte of the text that a message about it points to.
    pub at: u32,
    /// Nodes from it down to its deepest leaf.
    pub height: u16,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A value that stands in the text.
    Literal(Literal),
    /// A reference, by its position in [`Expression::references`](super::Expression::references).
    Reference(usize),
    /// The variable of a macro, by its position from the outermost one.
    Local(usize),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{k: v}`.
    Map(Vec<(Node, Node)>),
    /// `!a`.
    Not(Box<Node>),
    /// `-a`.
    Negate(Box<Node>),
    /// `a && b && c`.
    And(Vec<Node>),
    /// `a || b || c`.
    Or(Vec<Node>),
    /// Operators of one precedence, from the left.
    Chain(Box<Node>, Vec<Link>),
    /// `if ? then : if ? then : otherwise`.
    Conditional(Vec<(Node, Node)>, Box<Node>),
    /// What follows a value, from the left.
    Member(Box<Node>, Vec<Access>),
    /// `has(a.b)`.
    Has(Box<Node>, String),
    /// `has(vars.x)`.
    HasReference(usize),
    /// `f(a, b)`.
    Call(&'static Function, Vec<Node>),
    /// `coalesce(a, b)`.
    Coalesce(Vec<Node>),
}

/// An operator and its right side.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Byte of the operator.
    pub at: u32,
    /// The operator.
    pub operator: Operator,
    /// Its right side.
    pub right: Node,
}

/// An operator with two sides, besides `&&` and `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// How it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "in",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }

    /// How strongly it binds: `&&` is 2 and `||` 1.
    pub const fn power(self) -> u8 {
        match self {
            Operator::Add | Operator::Subtract => 4,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 5,
            _ => 3,
        }
    }
}

/// What follows a value.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// Byte of the name or the bracket.
    pub at: u32,
    /// What.
    pub kind: AccessKind,
}

/// Kinds of what follows a value.
#[derive(Clone, Debug)]
pub(super) enum AccessKind {
    /// `.name`.
    Field(String),
    /// `[index]`.
    Index(Node),
    /// `.function(arguments)`.
    Method(&'static Function, Vec<Node>),
    /// `.macro(variable, body)`.
    Macro(Macro, Vec<Node>),
}

/// Macros over lists and the keys of maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Macro {
    All,
    Exists,
    ExistsOne,
    /// With two bodies the first one filters.
    Map,
    Filter,
}

impl Macro {
    /// The macro of that name.
    pub fn named(name: &str) -> Option<Macro> {
        Some(match name {
            "all" => Macro::All,
            "exists" => Macro::Exists,
            "exists_one" | "existsOne" => Macro::ExistsOne,
            "map" => Macro::Map,
            "filter" => Macro::Filter,
            _ => return None,
        })
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Macro::All => "all",
            Macro::Exists => "exists",
            Macro::ExistsOne => "exists_one",
            Macro::Map => "map",
            Macro::Filter => "filter",
        }
    }
}

/// A value that stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Type(Type),
}

impl Literal {
    /// Its type.
    pub const fn type_of(&self) -> Type {
        match self {
            Literal::Null => Type::Null,
            Literal::Bool(_) => Type::Bool,
            Literal::Int(_) => Type::Int,
            Literal::Uint(_) => Type::Uint,
            Literal::Double(_) => Type::Double,
            Literal::Text(_) => Type::String,
            Literal::Bytes(_) => Type::Bytes,
            Literal::Type(_) => Type::Type,
        }
    }
}

impl Kind {
    /// The height of the highest node directly below.
    pub fn height_below(&self) -> u16 {
        fn most<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> u16 {
            nodes.into_iter().map(|node| node.height).max().unwrap_or(0)
        }
        match self {
            Kind::Literal(_) | Kind::Reference(_) | Kind::Local(_) | Kind::HasReference(_) => 0,
            Kind::List(nodes)
            | Kind::And(nodes)
            | Kind::Or(nodes)
            | Kind::Call(_, nodes)
            | Kind::Coalesce(nodes) => most(nodes),
            Kind::Map(entries) => most(entries.iter().flat_map(|(key, value)| [key, value])),
            Kind::Not(node) | Kind::Negate(node) | Kind::Has(node, _) => node.height,
            Kind::Chain(first, links) => {
                most(links.iter().map(|link| &link.right)).max(first.height)
            }
            Kind::Conditional(arms, otherwise) => {
                most(arms.iter().flat_map(|(test, then)| [test, then])).max(otherwise.height)
            }
            Kind::Member(base, accesses) => accesses
                .iter()
                .map(|access| match &access.kind {
                    AccessKind::Field(_) => 0,
                    AccessKind::Index(node) => node.height,
                    AccessKind::Method(_, nodes) | AccessKind::Macro(_, nodes) => most(nodes),
                })
                .max()
                .unwrap_or(0)
                .max(base.height),
        }
    }
}
