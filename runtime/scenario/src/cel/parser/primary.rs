//! Literals, brackets, names, and calls of functions.

use super::super::ast::{AccessKind, Kind, Literal, Node};
use super::super::fault::{
    Fault, Faulty, SYNTAX, UNKNOWN_FUNCTION, UNKNOWN_NAME, WRONG_ARGUMENTS, shown,
};
use super::super::functions::{self, Function, Style};
use super::super::lexer::{Token, position};
use super::super::{Reference, Root, Type, literal};
use super::Parser;
use crate::nearest::nearest;

/// Names that the language keeps for itself.
const KEYWORDS: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "in",
    "true",
    "false",
    "null",
];

/// Names of types as values.
const TYPES: &[Type] = &[
    Type::Null,
    Type::Bool,
    Type::Int,
    Type::Uint,
    Type::Double,
    Type::String,
    Type::Bytes,
    Type::List,
    Type::Map,
    Type::Type,
];

const ROOTS: &[(&str, Root)] = &[
    ("vars", Root::Variable),
    ("assets", Root::Assets),
    ("steps", Root::Step),
];

/// Whether no loop may name its item so, since expressions could not refer to it: keywords, types,
/// roots, and `error`.
pub fn is_reserved_name(name: &str) -> bool {
    KEYWORDS.contains(&name)
        || TYPES.iter().any(|kind| kind.name() == name)
        || ROOTS.iter().any(|(root, _)| *root == name)
        || name == "error"
}

/// Whether the language keeps the name for itself.
pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

impl<'t> Parser<'t> {
    /// A value with nothing behind it.
    pub(super) fn primary(&mut self, is_negative: bool) -> Faulty<Node> {
        let at = position(self.at);
        let value = match self.token {
            Token::Int(text) => literal::integer(at, text, is_negative)?,
            Token::Double(text) => match literal::double(at, text)? {
                Literal::Double(value) if is_negative => Literal::Double(-value),
                value => value,
            },
            Token::Uint(text) => literal::unsigned(at, text)?,
            Token::Quoted(quoted) => literal::quoted(quoted)?,
            Token::Mark("(") => {
                self.advance()?;
                let inner = self.expression()?;
                self.expect(")", "the bracket before")?;
                return Ok(inner);
            }
            Token::Mark("[") => {
                self.advance()?;
                let elements = self.separated("]")?;
                return self.node(at, Kind::List(elements));
            }
            Token::Mark("{") => return self.map(at),
            Token::Name(name) => {
                self.advance()?;
                return self.named(at, name);
            }
            Token::Mark(".") => {
                return Err(self.wrong("nothing stands before the point", "remove the point"));
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.advance()?;
        self.node(at, Kind::Literal(value))
    }

    /// Expressions with commas between them up to `end`; one comma may stand before the end.
    pub(super) fn separated(&mut self, end: &'static str) -> Faulty<Vec<Node>> {
        let mut nodes = Vec::new();
        while !self.skip(end)? {
            nodes.push(self.expression()?);
            if !self.skip(",")? {
                self.expect(end, "the bracket before")?;
                break;
            }
        }
        Ok(nodes)
    }

    fn map(&mut self, at: u32) -> Faulty<Node> {
        self.advance()?;
        let mut entries = Vec::new();
        while !self.skip("}")? {
            let key = self.expression()?;
            self.expect(":", "the value of the key")?;
            entries.push((key, self.expression()?));
            if !self.skip(",")? {
                self.expect("}", "the bracket before")?;
                break;
            }
        }
        self.node(at, Kind::Map(entries))
    }

    /// What a name stands for; it was read already.
    fn named(&mut self, at: u32, name: &'t str) -> Faulty<Node> {
        match name {
            "true" => return self.node(at, Kind::Literal(Literal::Bool(true))),
            "false" => return self.node(at, Kind::Literal(Literal::Bool(false))),
            "null" => return self.node(at, Kind::Literal(Literal::Null)),
            _ => (),
        }
        if KEYWORDS.contains(&name) {
            return Err(Fault::new(
                at,
                SYNTAX,
                format!("`{name}` is a reserved word"),
                "use another name; keys of maps may be written as [\"…\"]",
            ));
        }
        if self.token == Token::Mark("(") {
            return self.call(at, name);
        }
        if self.token == Token::Mark("{") {
            return Err(self.wrong(
                format!("`{}` names no message type", shown(name)),
                "write a map, such as {\"key\": 1}",
            ));
        }
        if let Some(local) = self.locals.iter().rposition(|local| *local == name) {
            return self.node(at, Kind::Local(local));
        }
        if let Some((_, root)) = ROOTS.iter().find(|(root, _)| *root == name) {
            return self.reference(at, *root, name);
        }
        if let Some(kind) = TYPES.iter().find(|kind| kind.name() == name) {
            return self.node(at, Kind::Literal(Literal::Type(*kind)));
        }
        self.refer(at, Root::Binding, name.to_owned(), None)
    }

    /// `vars.NAME`, `assets.NAME` or `steps.NAME.FIELD`; the root was read already.
    fn reference(&mut self, at: u32, root: Root, root_name: &str) -> Faulty<Node> {
        let wanted = match root {
            Root::Variable => "vars.NAME",
            Root::Assets => "assets.NAME",
            _ => "steps.NAME.FIELD",
        };
        let Some(name) = self.literal_name()? else {
            return Err(Fault::new(
                at,
                UNKNOWN_NAME,
                format!(
                    "`{root_name}` needs a literal name, as what it refers to is known before the run"
                ),
                format!(
                    "write {wanted}, or {root_name}[\"…\"] for names with other characters than letters, digits and _"
                ),
            ));
        };
        if root != Root::Step {
            return self.refer(at, root, name, None);
        }
        match self.literal_name()? {
            Some(field) => self.refer(at, root, name, Some(field)),
            None => Err(Fault::new(
                at,
                UNKNOWN_NAME,
                format!("`steps.{}` is no value", shown(&name)),
                "name a field, such as steps.NAME.output; a name with - is written steps[\"a-b\"]",
            )),
        }
    }

    /// `.NAME` or `["NAME"]`, if that is what comes.
    fn literal_name(&mut self) -> Faulty<Option<String>> {
        if self.skip(".")? {
            let (Token::Name(name) | Token::EscapedName(name)) = self.token else {
                return Err(self.unexpected("a name"));
            };
            self.advance()?;
            return Ok(Some(name.to_owned()));
        }
        if !self.skip("[")? {
            return Ok(None);
        }
        let Token::Quoted(quoted) = self.token else {
            return Ok(None);
        };
        let Literal::Text(name) = literal::quoted(quoted)? else {
            return Ok(None);
        };
        self.advance()?;
        Ok(self.skip("]")?.then_some(name))
    }

    fn refer(&mut self, at: u32, root: Root, name: String, field: Option<String>) -> Faulty<Node> {
        let known = self
            .references
            .iter()
            .position(|known| known.root == root && known.name == name && known.field == field);
        let index = known.unwrap_or_else(|| {
            let place = self
                .origin
                .place(self.source, usize::try_from(at).unwrap_or(0));
            self.references.push(Reference {
                root,
                name,
                field,
                place,
            });
            self.reference_ats.push(at);
            self.references.len() - 1
        });
        self.node(at, Kind::Reference(index))
    }

    /// `name(arguments)`; the name was read already.
    fn call(&mut self, at: u32, name: &str) -> Faulty<Node> {
        let function = match name {
            "has" | "coalesce" => None,
            _ => Some(function(at, name, Style::Global)?),
        };
        self.advance()?;
        let arguments = self.separated(")")?;
        match function {
            Some(function) => {
                check_count(at, function, arguments.len(), Style::Global)?;
                self.node(at, Kind::Call(function, arguments))
            }
            None if name == "has" => self.has(at, arguments),
            None if arguments.is_empty() => Err(Fault::new(
                at,
                WRONG_ARGUMENTS,
                "coalesce() has no argument",
                "write coalesce(value, otherwise)",
            )),
            None => self.node(at, Kind::Coalesce(arguments)),
        }
    }

    fn has(&mut self, at: u32, mut arguments: Vec<Node>) -> Faulty<Node> {
        let argument = arguments.pop().filter(|_| arguments.is_empty());
        match argument.map(|node| (node.at, node.kind)) {
            Some((start, Kind::Member(base, mut accesses))) => {
                let last = accesses.pop().map(|access| access.kind);
                if let Some(AccessKind::Field(field)) = last {
                    let operand = if accesses.is_empty() {
                        *base
                    } else {
                        self.node(start, Kind::Member(base, accesses))?
                    };
                    return self.node(at, Kind::Has(Box::new(operand), field));
                }
            }
            Some((_, Kind::Reference(index))) => {
                let known = self.references.get(index);
                if known.is_some_and(|known| known.root != Root::Binding) {
                    return self.node(at, Kind::HasReference(index));
                }
            }
            _ => (),
        }
        Err(Fault::new(
            at,
            WRONG_ARGUMENTS,
            "has() takes one argument that ends with a name",
            "write has(value.name), or \"name\" in value",
        ))
    }
}

/// The function of that name, called in that style.
pub(super) fn function(at: u32, name: &str, style: Style) -> Faulty<&'static Function> {
    let found = functions::named(name);
    if let Some(function) = found.filter(|function| function.allows(style)) {
        return Ok(function);
    }
    let shown = shown(name);
    let (message, remedy) = match (found, style) {
        (Some(_), Style::Global) => (
            format!("{shown}() is called on a value"),
            format!("write value.{shown}(…)"),
        ),
        (Some(_), _) => (
            format!("{shown}() is not called on a value"),
            format!("write {shown}(value)"),
        ),
        (None, _) => match functions::reason_missing(name) {
            Some((why, instead)) => (
                format!("there is no function {shown}(): {why}"),
                instead.to_owned(),
            ),
            None => {
                let names = functions::names().chain([
                    "has",
                    "coalesce",
                    "all",
                    "exists",
                    "exists_one",
                    "map",
                    "filter",
                ]);
                let remedy = match nearest(name, names) {
                    Some(near) => format!("did you mean {near}()"),
                    None => "docs/scenarios-expressions.md lists the functions".to_owned(),
                };
                (format!("there is no function {shown}()"), remedy)
            }
        },
    };
    Err(Fault::new(at, UNKNOWN_FUNCTION, message, remedy))
}

/// Whether a signature of the function has that many parameters, the receiver included.
pub(super) fn check_count(
    at: u32,
    function: &'static Function,
    count: usize,
    style: Style,
) -> Faulty<()> {
    if function
        .signatures
        .iter()
        .any(|one| one.accepts_count(count))
    {
        return Ok(());
    }
    let given = count - usize::from(style == Style::Method);
    Err(Fault::new(
        at,
        WRONG_ARGUMENTS,
        format!("{}() has {given} arguments here", function.name),
        format!("write {}", function.forms()),
    ))
}
