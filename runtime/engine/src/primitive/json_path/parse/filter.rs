//! The grammar of filters: conditions, comparisons and functions.

use tenzik_host_abi::Status;

use super::Parser;
use crate::primitive::json_path::pattern::{Mode, Program, WEIGHT_MAX};
use crate::primitive::json_path::query::{
    Anchor, Comparator, Condition, Constant, Literal, Operand, Pattern, Query,
};

/// The functions of section 2.4.
#[derive(Clone, Copy)]
enum Function {
    Length,
    Count,
    Match,
    Search,
    Value,
}

/// What a comparison or a test begins with.
enum Primary {
    Query(Query),
    Operand(Operand),
    Condition(Condition),
}

impl Parser<'_> {
    /// Section 2.3.5: conjunctions bind stronger than disjunctions.
    pub(super) fn condition(&mut self) -> Result<Condition, Status> {
        let mut terms = vec![self.conjunction()?];
        while self.operator("||") {
            terms.push(self.conjunction()?);
        }
        Ok(alone_or(terms, Condition::Or))
    }

    fn conjunction(&mut self) -> Result<Condition, Status> {
        let mut terms = vec![self.basic()?];
        while self.operator("&&") {
            terms.push(self.basic()?);
        }
        Ok(alone_or(terms, Condition::And))
    }

    /// Takes `operator` and the white space around it, if it comes next.
    fn operator(&mut self, operator: &str) -> bool {
        let before = self.cursor.clone();
        self.cursor.skip_whitespace();
        if self.cursor.take_word(operator) {
            self.cursor.skip_whitespace();
            return true;
        }
        self.cursor = before;
        false
    }

    fn basic(&mut self) -> Result<Condition, Status> {
        if self.cursor.take('!') {
            self.cursor.skip_whitespace();
            let negated = match self.cursor.peek() {
                Some('(') => self.parenthesized()?,
                _ => {
                    let primary = self.primary()?;
                    self.test(primary)?
                }
            };
            return Ok(Condition::Not(Box::new(negated)));
        }
        if self.cursor.peek() == Some('(') {
            return self.parenthesized();
        }
        let left = self.primary()?;
        let Some(comparator) = self.comparator() else {
            return self.test(left);
        };
        let right = self.primary()?;
        let (left, right) = (self.comparable(left)?, self.comparable(right)?);
        let is_constant = left.is_constant() && right.is_constant();
        Ok(self.hoisted_if(is_constant, Condition::Compare(left, comparator, right)))
    }

    fn parenthesized(&mut self) -> Result<Condition, Status> {
        self.cursor.expect('(')?;
        self.cursor.skip_whitespace();
        let condition = self.nested(|parser| parser.condition())?;
        self.cursor.skip_whitespace();
        self.cursor.expect(')')?;
        Ok(condition)
    }

    fn comparator(&mut self) -> Option<Comparator> {
        let comparators = [
            ("==", Comparator::Equal),
            ("!=", Comparator::NotEqual),
            ("<=", Comparator::LessOrEqual),
            (">=", Comparator::GreaterOrEqual),
            ("<", Comparator::Less),
            (">", Comparator::Greater),
        ];
        comparators
            .into_iter()
            .find(|(sign, _)| self.operator(sign))
            .map(|(_, comparator)| comparator)
    }

    /// An existence test, or a function whose result is logical.
    fn test(&mut self, primary: Primary) -> Result<Condition, Status> {
        match primary {
            Primary::Query(query) => {
                let is_constant = query.anchor == Anchor::Root;
                Ok(self.hoisted_if(is_constant, Condition::Exists(query)))
            }
            Primary::Condition(condition) => Ok(condition),
            Primary::Operand(_) => Err(Status::InvalidQuery),
        }
    }

    /// A literal, a singular query or a function whose result is a value.
    fn comparable(&mut self, primary: Primary) -> Result<Operand, Status> {
        match primary {
            Primary::Query(query) if query.is_singular() => {
                let is_constant = query.anchor == Anchor::Root;
                Ok(self.hoisted_operand_if(is_constant, Operand::Value(query)))
            }
            Primary::Operand(operand) => Ok(operand),
            Primary::Query(_) | Primary::Condition(_) => Err(Status::InvalidQuery),
        }
    }

    fn primary(&mut self) -> Result<Primary, Status> {
        let literal = match self.cursor.peek() {
            Some('@' | '$') => return self.query().map(Primary::Query),
            Some('\'' | '"') => Literal::Text(self.cursor.string()?),
            Some('-' | '0'..='9') => Literal::Number(self.cursor.number()?),
            _ => {
                let name = self.cursor.take_while(|at, char| {
                    char.is_ascii_lowercase() || at > 0 && (char == '_' || char.is_ascii_digit())
                });
                match (name, self.cursor.peek()) {
                    (_, Some('(')) => return self.call(name),
                    ("true", _) => Literal::Bool(true),
                    ("false", _) => Literal::Bool(false),
                    ("null", _) => Literal::Null,
                    _ => return Err(Status::InvalidQuery),
                }
            }
        };
        Ok(Primary::Operand(Operand::Literal(literal)))
    }

    fn query(&mut self) -> Result<Query, Status> {
        let anchor = if self.cursor.take('@') {
            Anchor::Current
        } else {
            self.cursor.expect('$')?;
            Anchor::Root
        };
        Ok(Query {
            anchor,
            segments: self.segments()?,
        })
    }

    /// Section 2.4: a function call, whose name was just read.
    fn call(&mut self, name: &str) -> Result<Primary, Status> {
        let function = match name {
            "length" => Function::Length,
            "count" => Function::Count,
            "match" => Function::Match,
            "search" => Function::Search,
            "value" => Function::Value,
            _ => return Err(Status::InvalidQuery),
        };
        self.cursor.expect('(')?;
        self.cursor.skip_whitespace();
        let called = self.nested(|parser| parser.arguments(function))?;
        self.cursor.skip_whitespace();
        self.cursor.expect(')')?;
        Ok(called)
    }

    fn arguments(&mut self, function: Function) -> Result<Primary, Status> {
        match function {
            Function::Length => {
                let operand = self.value_argument()?;
                let is_constant = operand.is_constant();
                let length = Operand::Length(Box::new(operand));
                Ok(Primary::Operand(
                    self.hoisted_operand_if(is_constant, length),
                ))
            }
            Function::Count | Function::Value => {
                let query = self.query()?;
                let is_constant = query.anchor == Anchor::Root;
                let operand = match function {
                    Function::Count => Operand::Count(query),
                    _ => Operand::Value(query),
                };
                Ok(Primary::Operand(
                    self.hoisted_operand_if(is_constant, operand),
                ))
            }
            Function::Match => self.pattern_arguments(Mode::Whole),
            Function::Search => self.pattern_arguments(Mode::Part),
        }
    }

    fn pattern_arguments(&mut self, mode: Mode) -> Result<Primary, Status> {
        let text = self.value_argument()?;
        self.cursor.skip_whitespace();
        self.cursor.expect(',')?;
        self.cursor.skip_whitespace();
        let pattern = match self.value_argument()? {
            Operand::Literal(Literal::Text(pattern)) => {
                Pattern::Literal(Program::new(&pattern, WEIGHT_MAX).unwrap_or_else(|_| {
                    self.has_costly_pattern = true;
                    Program::never()
                }))
            }
            Operand::Literal(_) => Pattern::Literal(Program::never()),
            operand @ Operand::Constant(_) => {
                self.constants.push(Constant::Pattern(operand));
                Pattern::Constant(self.constants.len() - 1)
            }
            _ => {
                self.has_costly_pattern = true;
                Pattern::Literal(Program::never())
            }
        };
        let is_constant = text.is_constant();
        let condition = Condition::Matches(text, pattern, mode);
        Ok(Primary::Condition(self.hoisted_if(is_constant, condition)))
    }

    fn value_argument(&mut self) -> Result<Operand, Status> {
        let primary = self.primary()?;
        self.comparable(primary)
    }

    fn hoisted_if(&mut self, is_constant: bool, condition: Condition) -> Condition {
        if !is_constant {
            return condition;
        }
        self.constants.push(Constant::Condition(condition));
        Condition::Constant(self.constants.len() - 1)
    }

    fn hoisted_operand_if(&mut self, is_constant: bool, operand: Operand) -> Operand {
        if !is_constant {
            return operand;
        }
        self.constants.push(Constant::Operand(operand));
        Operand::Constant(self.constants.len() - 1)
    }
}

impl Operand {
    /// Whether it is the same for every current node.
    fn is_constant(&self) -> bool {
        matches!(self, Operand::Literal(_) | Operand::Constant(_))
    }
}

fn alone_or(mut terms: Vec<Condition>, all: fn(Vec<Condition>) -> Condition) -> Condition {
    match terms.pop() {
        Some(term) if terms.is_empty() => term,
        Some(term) => {
            terms.push(term);
            all(terms)
        }
        None => all(terms),
    }
}
