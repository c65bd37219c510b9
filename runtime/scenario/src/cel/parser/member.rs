//! What follows a value: names, indexes, functions and macros.

use super::super::ast::{Access, AccessKind, Kind, Macro, Node};
use super::super::fault::{Fault, Faulty, LIMIT, WRONG_ARGUMENTS};
use super::super::functions::Style;
use super::super::lexer::{Token, position};
use super::super::limits::COMPREHENSION_DEPTH_MAX;
use super::Parser;
use super::primary::{check_count, function};

impl Parser<'_> {
    /// A value and what follows it.
    pub(super) fn member(&mut self, is_negative: bool) -> Faulty<Node> {
        let base = self.primary(is_negative)?;
        let mut accesses = Vec::new();
        loop {
            let at = position(self.at);
            if self.skip("[")? {
                if self.token == Token::Mark("?") {
                    return Err(self.optional());
                }
                let index = self.expression()?;
                self.expect("]", "the bracket before")?;
                let kind = AccessKind::Index(index);
                accesses.push(Access { at, kind });
            } else if self.skip(".")? {
                let at = position(self.at);
                let kind = self.named_access(at)?;
                accesses.push(Access { at, kind });
            } else if accesses.is_empty() {
                return Ok(base);
            } else {
                return self.node(base.at, Kind::Member(Box::new(base), accesses));
            }
        }
    }

    /// `name` or `name(arguments)`; the point was read already.
    fn named_access(&mut self, at: u32) -> Faulty<AccessKind> {
        let name = match self.token {
            Token::EscapedName(name) => {
                self.advance()?;
                return Ok(AccessKind::Field(name.to_owned()));
            }
            Token::Name(name) if !matches!(name, "in" | "true" | "false" | "null") => name,
            Token::Name(_) => {
                return Err(self.wrong(
                    format!("{} is a reserved word", self.token.shown()),
                    "write [\"…\"] for a key of this name",
                ));
            }
            Token::Mark("?") => return Err(self.optional()),
            _ => return Err(self.unexpected("a name")),
        };
        self.advance()?;
        if !self.skip("(")? {
            return Ok(AccessKind::Field(name.to_owned()));
        }
        if let Some(found) = Macro::named(name) {
            return self.macro_call(at, found);
        }
        let function = function(at, name, Style::Method)?;
        let arguments = self.separated(")")?;
        check_count(at, function, arguments.len() + 1, Style::Method)?;
        Ok(AccessKind::Method(function, arguments))
    }

    /// `macro(variable, body)`; the bracket was read already.
    fn macro_call(&mut self, at: u32, found: Macro) -> Faulty<AccessKind> {
        let wrong = || {
            let form = match found {
                Macro::Map => "map(x, value of x), or .map(x, condition, value of x)".to_owned(),
                _ => format!("{}(x, condition on x)", found.name()),
            };
            Fault::new(
                at,
                WRONG_ARGUMENTS,
                format!(
                    "{}() takes the name of a variable and what is asked of it",
                    found.name()
                ),
                format!("write .{form}"),
            )
        };
        let Token::Name(variable) = self.token else {
            return Err(wrong());
        };
        if super::primary::is_keyword(variable) {
            return Err(wrong());
        }
        self.advance()?;
        if !self.skip(",")? {
            return Err(wrong());
        }
        if self.locals.len() >= COMPREHENSION_DEPTH_MAX {
            return Err(Fault::new(
                at,
                LIMIT,
                format!("macros lie more than {COMPREHENSION_DEPTH_MAX} deep in one another"),
                "make the inner list in a let step",
            ));
        }
        self.locals.push(variable);
        let bodies = self.separated(")")?;
        self.locals.pop();
        match (found, bodies.len()) {
            (_, 1) | (Macro::Map, 2) => Ok(AccessKind::Macro(found, bodies)),
            _ => Err(wrong()),
        }
    }

    fn optional(&self) -> Box<Fault> {
        self.wrong(
            "there are no optional values",
            "use has(value.name) or coalesce(value.name, otherwise)",
        )
    }
}
