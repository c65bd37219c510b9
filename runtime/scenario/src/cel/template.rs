//! A text with expressions in it.

use serde_json::Value;

use super::fault::{Fault, Faulty, LIMIT, SYNTAX, TYPE_MISMATCH};
use super::functions::double_text;
use super::lexer::{Lexer, Token, position};
use super::limits::{STRING_BYTES_MAX, TEMPLATE_BYTES_MAX, TEMPLATE_EXPRESSIONS_MAX};
use super::{Environment, Expression, Scope, Type};
use crate::place::{Origin, Place, Problem};

/// What begins an expression.
const OPEN: &str = "${{";

/// What stands for [`OPEN`] itself.
const ESCAPED: &str = "$${{";

/// A text with `${{ EXPRESSION }}` in it; `$${{` stands for `${{` itself.
#[derive(Clone, Debug)]
pub struct Template {
    place: Place,
    source: String,
    parts: Vec<Part>,
    expressions: Vec<Expression>,
}

/// A part of a template.
#[derive(Clone, Debug)]
enum Part {
    /// Text as it is.
    Text(String),
    /// The next expression.
    Expression,
}

impl Template {
    /// Parses `source`, which stands at `origin`.
    ///
    /// # Errors
    /// [`Problem`] with line and column.
    pub fn parse(source: &str, origin: Origin) -> Result<Template, Problem> {
        let placed = |fault: Box<Fault>| fault.place(source, origin);
        let mut template = Template {
            place: origin.first,
            source: source.to_owned(),
            parts: Vec::new(),
            expressions: Vec::new(),
        };
        check_size(source).map_err(placed)?;
        let mut text = String::new();
        let mut at = 0;
        let mut known = (0, origin.first);
        while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
            let next = rest.find('$').unwrap_or(rest.len());
            text.push_str(rest.get(..next).unwrap_or(""));
            at += next;
            let rest = rest.get(next..).unwrap_or("");
            if rest.starts_with(ESCAPED) {
                text.push_str(OPEN);
                at += ESCAPED.len();
            } else if rest.starts_with(OPEN) {
                let start = at + OPEN.len();
                let end = expression_end(source, start).map_err(placed)?;
                let inner = Origin {
                    first: known.1,
                    further_column: origin.further_column,
                };
                let since = source.get(known.0..).unwrap_or("");
                let inner = Origin {
                    first: inner.place(since, start - known.0),
                    ..inner
                };
                known = (start, inner.first);
                template.push_text(&mut text);
                template.push(source.get(start..end).unwrap_or(""), inner)?;
                at = end + "}}".len();
            } else if !rest.is_empty() {
                text.push('$');
                at += 1;
            }
        }
        template.push_text(&mut text);
        Ok(template)
    }

    fn push_text(&mut self, text: &mut String) {
        if !text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(text)));
        }
    }

    fn push(&mut self, source: &str, origin: Origin) -> Result<(), Problem> {
        if self.expressions.len() == TEMPLATE_EXPRESSIONS_MAX {
            let message = format!("more than {TEMPLATE_EXPRESSIONS_MAX} expressions in one text");
            let remedy = "make the text of several lists with join()";
            return Err(Problem::new(origin.first, LIMIT, message, remedy));
        }
        self.expressions.push(Expression::parse(source, origin)?);
        self.parts.push(Part::Expression);
        Ok(())
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where it begins.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its value where it has no expression.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The expressions in it.
    pub fn expressions(&self) -> &[Expression] {
        &self.expressions
    }

    /// Its expression, where it is nothing but that one.
    pub fn single(&self) -> Option<&Expression> {
        match self.parts.as_slice() {
            [Part::Expression] => self.expressions.first(),
            _ => None,
        }
    }

    /// Its type: that of its expression where it is nothing else, `String` otherwise.
    ///
    /// # Errors
    /// All problems that are found.
    pub fn check(&self, scope: &dyn Scope) -> Result<Type, Vec<Problem>> {
        if let Some(expression) = self.single() {
            return expression.check(scope);
        }
        let mut problems = Vec::new();
        for expression in &self.expressions {
            match expression.check(scope) {
                Ok(Type::Null) => problems.push(no_text(expression, "null")),
                Ok(Type::Bytes) => problems.push(no_text(expression, "bytes")),
                Ok(_) => (),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            return Ok(Type::String);
        }
        Err(problems)
    }

    /// Its value: of its expression where it is nothing else, otherwise a text, in which lists and
    /// maps are JSON without blanks.
    ///
    /// # Errors
    /// [`Problem`] with line and column; also for null in a text.
    pub fn evaluate(&self, environment: &dyn Environment) -> Result<Value, Problem> {
        if let Some(expression) = self.single() {
            return expression.evaluate(environment);
        }
        let mut text = String::new();
        let mut expressions = self.expressions.iter();
        for part in &self.parts {
            match (part, part_expression(part, &mut expressions)) {
                (Part::Text(literal), _) => text.push_str(literal),
                (Part::Expression, Some(expression)) => {
                    let value = expression.evaluate(environment)?;
                    push_value(&mut text, &value).map_err(|kind| no_text(expression, kind))?;
                }
                (Part::Expression, None) => (),
            }
            if text.len() > STRING_BYTES_MAX {
                let message = format!("the text has more than {STRING_BYTES_MAX} bytes");
                return Err(Problem::new(self.place, LIMIT, message, "put less into it"));
            }
        }
        Ok(Value::String(text))
    }
}

fn part_expression<'t>(
    part: &Part,
    expressions: &mut impl Iterator<Item = &'t Expression>,
) -> Option<&'t Expression> {
    match part {
        Part::Text(_) => None,
        Part::Expression => expressions.next(),
    }
}

fn no_text(expression: &Expression, kind: &str) -> Problem {
    Problem::new(
        expression.place(),
        TYPE_MISMATCH,
        format!("the expression in this text gives {kind}, which has no text"),
        "write coalesce(value, \"\") if nothing is right here",
    )
}

/// Appends a value as text, or says what it is.
fn push_value(text: &mut String, value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Null => return Err("null"),
        Value::String(value) => text.push_str(value),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(double) => text.push_str(&double_text(double)),
            None => text.push_str(&number.to_string()),
        },
        other => text.push_str(&other.to_string()),
    }
    Ok(())
}

fn check_size(source: &str) -> Faulty<()> {
    if source.len() <= TEMPLATE_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "a text of {} bytes; at most {TEMPLATE_BYTES_MAX} are allowed",
        source.len()
    );
    Err(Fault::new(0, LIMIT, message, "put it into a file"))
}

/// The byte of the `}}` that ends the expression which begins at `start`: one that is neither in a
/// string nor closes braces of the expression.
fn expression_end(source: &str, start: usize) -> Faulty<usize> {
    let mut lexer = Lexer::new(source, start);
    let mut depth: usize = 0;
    loop {
        match lexer.next()? {
            (_, Token::Mark("{")) => depth += 1,
            (at, Token::Mark("}")) if depth == 0 => {
                if source.get(at..).is_some_and(|rest| rest.starts_with("}}")) {
                    return Ok(at);
                }
                let remedy = "end it with }}";
                return Err(Fault::new(
                    position(at),
                    SYNTAX,
                    "one } ends no expression",
                    remedy,
                ));
            }
            (_, Token::Mark("}")) => depth -= 1,
            (_, Token::End) => {
                return Err(Fault::new(
                    position(start.saturating_sub(OPEN.len())),
                    SYNTAX,
                    "the expression that begins here has no closing }}",
                    "add }}, or write $${{ for the characters ${{",
                ));
            }
            _ => (),
        }
    }
}
