//! Text to [`Node`]: a Pratt parser that resolves names, functions and macros on the way.
//!
//! It recurses only where something lies inside of something else, at most [`NESTING_MAX`] times,
//! and reads each token once.

mod member;
mod primary;

use super::Reference;
use super::ast::{Kind, Link, Node, Operator};
use super::fault::{Fault, Faulty, LIMIT, SYNTAX};
use super::lexer::{Lexer, Token, position};
use super::limits::{NESTING_MAX, SOURCE_BYTES_MAX};
use crate::place::Origin;

pub use primary::is_reserved_name;

/// An expression that was read.
#[derive(Debug)]
pub(super) struct Parsed {
    /// Its tree.
    pub root: Node,
    /// What it refers to, in order of the text, each once.
    pub references: Vec<Reference>,
    /// Bytes where they stand.
    pub reference_ats: Vec<u32>,
}

/// Reads all of `source`.
///
/// # Errors
/// The first fault of the text.
pub(super) fn parse(source: &str, origin: Origin) -> Faulty<Parsed> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Fault::new(
            0,
            LIMIT,
            format!(
                "the expression has {} bytes; at most {SOURCE_BYTES_MAX} are allowed",
                source.len()
            ),
            "split it into variables of a let step",
        ));
    }
    let mut parser = Parser {
        source,
        origin,
        lexer: Lexer::new(source, 0),
        token: Token::End,
        at: 0,
        depth: 0,
        locals: Vec::new(),
        references: Vec::new(),
        reference_ats: Vec::new(),
    };
    parser.advance()?;
    if parser.token == Token::End {
        return Err(parser.wrong("there is no expression", "write one, such as vars.x > 3"));
    }
    let root = parser.expression()?;
    if parser.token != Token::End {
        return Err(parser.unexpected("an operator or the end"));
    }
    Ok(Parsed {
        root,
        references: parser.references,
        reference_ats: parser.reference_ats,
    })
}

/// A text that is being read.
struct Parser<'t> {
    source: &'t str,
    origin: Origin,
    lexer: Lexer<'t>,
    /// The next token.
    token: Token<'t>,
    /// Its first byte.
    at: usize,
    /// Expressions that are being read inside of one another.
    depth: u16,
    /// Variables of the macros around, the innermost last.
    locals: Vec<&'t str>,
    references: Vec<Reference>,
    reference_ats: Vec<u32>,
}

impl<'t> Parser<'t> {
    /// `a ? b : c`, and everything that binds stronger.
    fn expression(&mut self) -> Faulty<Node> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(self.too_deep(position(self.at)));
        }
        let at = position(self.at);
        let mut test = self.binary(1)?;
        let mut arms = Vec::new();
        while self.skip("?")? {
            let then = self.binary(1)?;
            self.expect(":", "the other value of `? :`")?;
            arms.push((test, then));
            test = self.binary(1)?;
        }
        self.depth -= 1;
        if arms.is_empty() {
            return Ok(test);
        }
        self.node(at, Kind::Conditional(arms, Box::new(test)))
    }

    /// Operators with two sides that bind at least as strongly as `power`.
    fn binary(&mut self, power: u8) -> Faulty<Node> {
        let mut left = self.unary()?;
        while let Some(infix) = self.infix().filter(|infix| infix.power() >= power) {
            let at = position(self.at);
            self.advance()?;
            let right = self.binary(infix.power() + 1)?;
            left = self.join(left, infix, at, right)?;
        }
        Ok(left)
    }

    fn infix(&self) -> Option<Infix> {
        let operator = match self.token {
            Token::Mark("&&") => return Some(Infix::And),
            Token::Mark("||") => return Some(Infix::Or),
            Token::Mark("==") => Operator::Equal,
            Token::Mark("!=") => Operator::NotEqual,
            Token::Mark("<") => Operator::Less,
            Token::Mark("<=") => Operator::LessOrEqual,
            Token::Mark(">") => Operator::Greater,
            Token::Mark(">=") => Operator::GreaterOrEqual,
            Token::Name("in") => Operator::In,
            Token::Mark("+") => Operator::Add,
            Token::Mark("-") => Operator::Subtract,
            Token::Mark("*") => Operator::Multiply,
            Token::Mark("/") => Operator::Divide,
            Token::Mark("%") => Operator::Remainder,
            _ => return None,
        };
        Some(Infix::Operator(operator))
    }

    /// Adds an operator to the operators of the same kind on its left, or begins a node.
    fn join(&self, left: Node, infix: Infix, at: u32, right: Node) -> Faulty<Node> {
        let height = left.height.max(right.height + 1);
        let start = left.at;
        match (infix, left.kind) {
            (Infix::And, Kind::And(mut sides)) => {
                sides.push(right);
                self.higher(start, height, Kind::And(sides))
            }
            (Infix::Or, Kind::Or(mut sides)) => {
                sides.push(right);
                self.higher(start, height, Kind::Or(sides))
            }
            (Infix::Operator(operator), Kind::Chain(first, mut links))
                if links
                    .last()
                    .is_some_and(|link| link.operator.power() == operator.power()) =>
            {
                links.push(Link {
                    at,
                    operator,
                    right,
                });
                self.higher(start, height, Kind::Chain(first, links))
            }
            (infix, kind) => {
                let height = left.height;
                let left = Node {
                    at: start,
                    height,
                    kind,
                };
                let kind = match infix {
                    Infix::And => Kind::And(vec![left, right]),
                    Infix::Or => Kind::Or(vec![left, right]),
                    Infix::Operator(operator) => {
                        let link = Link {
                            at,
                            operator,
                            right,
                        };
                        Kind::Chain(Box::new(left), vec![link])
                    }
                };
                self.node(start, kind)
            }
        }
    }

    /// `!a`, `-a` and what binds stronger. An even number of signs stands for none.
    fn unary(&mut self) -> Faulty<Node> {
        let at = position(self.at);
        let sign = match self.token {
            Token::Mark(sign @ ("!" | "-")) => sign,
            _ => return self.member(false),
        };
        let mut is_odd = false;
        while self.skip(sign)? {
            is_odd = !is_odd;
        }
        let is_number = sign == "-" && matches!(self.token, Token::Int(_) | Token::Double(_));
        if is_number && is_odd {
            return self.member(true);
        }
        let operand = self.member(false)?;
        match (is_odd, sign) {
            (false, _) => Ok(operand),
            (true, "!") => self.node(at, Kind::Not(Box::new(operand))),
            (true, _) => self.node(at, Kind::Negate(Box::new(operand))),
        }
    }

    /// A node over nodes that were read.
    fn node(&self, at: u32, kind: Kind) -> Faulty<Node> {
        let height = kind.height_below() + 1;
        self.higher(at, height, kind)
    }

    fn higher(&self, at: u32, height: u16, kind: Kind) -> Faulty<Node> {
        if height > NESTING_MAX {
            return Err(self.too_deep(at));
        }
        Ok(Node { at, height, kind })
    }

    fn too_deep(&self, at: u32) -> Box<Fault> {
        Fault::new(
            at,
            LIMIT,
            format!("brackets and operators lie more than {NESTING_MAX} deep in one another"),
            "split the expression into variables of a let step",
        )
    }

    fn advance(&mut self) -> Faulty<()> {
        (self.at, self.token) = self.lexer.next()?;
        Ok(())
    }

    /// Goes on if the next token is `mark`.
    fn skip(&mut self, mark: &'static str) -> Faulty<bool> {
        let found = self.token == Token::Mark(mark);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, mark: &'static str, before: &str) -> Faulty<()> {
        if self.skip(mark)? {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{mark}` for {before}")))
    }

    fn unexpected(&self, wanted: &str) -> Box<Fault> {
        let remedy = match self.token {
            Token::Mark("=") => "compare with ==",
            Token::Name("and") => "write && for and",
            Token::Name("or") => "write || for or",
            Token::Name("not") => "write ! for not",
            Token::End => "complete the expression",
            _ => "check quotes and brackets before it",
        };
        let message = format!("there is {} instead of {wanted}", self.token.shown());
        self.wrong(message, remedy)
    }

    /// A fault of the next token.
    fn wrong(&self, message: impl Into<String>, remedy: impl Into<String>) -> Box<Fault> {
        Fault::new(position(self.at), SYNTAX, message, remedy)
    }
}

/// An operator with two sides.
#[derive(Clone, Copy)]
enum Infix {
    And,
    Or,
    Operator(Operator),
}

impl Infix {
    const fn power(self) -> u8 {
        match self {
            Infix::Or => 1,
            Infix::And => 2,
            Infix::Operator(operator) => operator.power(),
        }
    }
}
