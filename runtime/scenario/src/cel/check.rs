//! What is wrong with an expression before the run: names, and types that are known.

use super::ast::{Access, AccessKind, Kind, Link, Macro, Node, Operator};
use super::evaluate::operators::remedy;
use super::fault::{Fault, TYPE_MISMATCH, UNKNOWN_NAME, shown};
use super::functions::Function;
use super::parser::Parsed;
use super::{ERROR_FIELDS, Reference, Root, STEP_FIELDS, Scope, Type};
use crate::nearest::nearest;

/// Problems of one expression that are told.
const FAULTS_MAX: usize = 20;

/// The type of an expression, or everything that is wrong with it.
pub(super) fn check(parsed: &Parsed, scope: &dyn Scope) -> Result<Type, Vec<Fault>> {
    let mut checker = Checker {
        references: &parsed.references,
        types: Vec::with_capacity(parsed.references.len()),
        faults: Vec::new(),
    };
    for (reference, at) in parsed.references.iter().zip(&parsed.reference_ats) {
        let found = known_type(reference, scope);
        if found.is_none() && checker.faults.len() < FAULTS_MAX {
            checker.faults.push(unknown(*at, reference, scope));
        }
        checker.types.push(found.unwrap_or(Type::Dyn));
    }
    let found = checker.node(&parsed.root);
    if checker.faults.is_empty() {
        return Ok(found);
    }
    checker.faults.truncate(FAULTS_MAX);
    Err(checker.faults)
}

fn known_type(reference: &Reference, scope: &dyn Scope) -> Option<Type> {
    let field = reference.field.as_deref();
    if field.is_some_and(|field| !STEP_FIELDS.contains(&field)) {
        return None;
    }
    scope.type_of(reference)
}

fn unknown(at: u32, reference: &Reference, scope: &dyn Scope) -> Fault {
    let name = shown(&reference.name);
    let known = scope.known(reference.root);
    if let Some(field) = reference
        .field
        .as_deref()
        .filter(|_| known.contains(&reference.name))
    {
        let remedy = match nearest(field, STEP_FIELDS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`"),
            None => format!("it has {}", STEP_FIELDS.join(", ")),
        };
        let message = format!("step `{name}` has no `{}` here", shown(field));
        return *Fault::new(at, UNKNOWN_NAME, message, remedy);
    }
    let (what, root) = match reference.root {
        Root::Variable => ("variable", "vars."),
        Root::Assets => ("asset group", "assets."),
        Root::Step => ("step that is visible here", "steps."),
        Root::Binding => ("name", ""),
    };
    let remedy = match nearest(&reference.name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{root}{}`", shown(near)),
        None if reference.root == Root::Binding => elsewhere(&reference.name, scope),
        None if known.is_empty() => format!("none is known under {root} here"),
        None => {
            let some: Vec<String> = known.iter().take(8).map(|name| shown(name)).collect();
            format!("known are {}", some.join(", "))
        }
    };
    *Fault::new(
        at,
        UNKNOWN_NAME,
        format!("there is no {what} `{name}`"),
        remedy,
    )
}

/// What may be meant by a name that stands alone.
fn elsewhere(name: &str, scope: &dyn Scope) -> String {
    for (root, prefix, suffix) in [
        (Root::Variable, "vars", ""),
        (Root::Assets, "assets", ""),
        (Root::Step, "steps", ".output"),
    ] {
        if scope.known(root).contains(name) {
            return format!("did you mean `{prefix}.{}{suffix}`", shown(name));
        }
    }
    match nearest(name, ["vars", "assets", "steps"]) {
        Some(near) => format!("did you mean `{near}`"),
        None => "write vars.NAME, assets.NAME or steps.NAME.output".to_owned(),
    }
}

struct Checker<'p> {
    references: &'p [Reference],
    /// Types of the references.
    types: Vec<Type>,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn fault(&mut self, at: u32, message: String, remedy: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults
                .push(*Fault::new(at, TYPE_MISMATCH, message, remedy));
        }
    }

    fn node(&mut self, node: &Node) -> Type {
        match &node.kind {
            Kind::Literal(literal) => literal.type_of(),
            Kind::Reference(index) => self.types.get(*index).copied().unwrap_or(Type::Dyn),
            Kind::Local(_) => Type::Dyn,
            Kind::List(nodes) => {
                self.nodes(nodes);
                Type::List
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    self.key(key);
                    self.node(value);
                }
                Type::Map
            }
            Kind::Not(operand) => {
                self.condition(operand, "!");
                Type::Bool
            }
            Kind::Negate(operand) => self.negate(node.at, operand),
            Kind::And(sides) => self.conditions(sides, "&&"),
            Kind::Or(sides) => self.conditions(sides, "||"),
            Kind::Chain(first, links) => {
                let first = self.node(first);
                links.iter().fold(first, |left, link| self.link(left, link))
            }
            Kind::Conditional(arms, otherwise) => {
                let mut kind = self.node(otherwise);
                for (test, then) in arms {
                    self.condition(test, "? :");
                    kind = common(kind, self.node(then));
                }
                kind
            }
            Kind::Member(base, accesses) => {
                self.error_field(base, accesses.first());
                let base = self.node(base);
                accesses
                    .iter()
                    .fold(base, |kind, access| self.access(kind, access))
            }
            Kind::Has(operand, field) => {
                let kind = self.node(operand);
                self.field(node.at, kind, field);
                Type::Bool
            }
            Kind::HasReference(_) => Type::Bool,
            Kind::Call(function, nodes) => {
                let types = self.nodes(nodes);
                self.call(node.at, function, &types)
            }
            Kind::Coalesce(nodes) => {
                let types = self.nodes(nodes);
                let kinds = types.into_iter().filter(|kind| *kind != Type::Null);
                kinds.reduce(common).unwrap_or(Type::Null)
            }
        }
    }

    fn nodes(&mut self, nodes: &[Node]) -> Vec<Type> {
        nodes.iter().map(|node| self.node(node)).collect()
    }

    fn conditions(&mut self, sides: &[Node], operator: &str) -> Type {
        for side in sides {
            self.condition(side, operator);
        }
        Type::Bool
    }

    fn condition(&mut self, node: &Node, wanted_by: &str) {
        let kind = self.node(node);
        if !matches!(kind, Type::Bool | Type::Dyn) {
            let message = format!("{wanted_by} needs a bool, and this is of type {kind}");
            self.fault(
                node.at,
                message,
                "compare it, such as value == 1 or value.size() > 0",
            );
        }
    }

    fn key(&mut self, node: &Node) {
        let kind = self.node(node);
        if !matches!(
            kind,
            Type::String | Type::Int | Type::Uint | Type::Bool | Type::Dyn
        ) {
            let message = format!("the key is of type {kind}");
            self.fault(node.at, message, "keys are strings, ints, uints and bools");
        }
    }

    fn negate(&mut self, at: u32, operand: &Node) -> Type {
        let kind = self.node(operand);
        if !matches!(kind, Type::Int | Type::Double | Type::Dyn) {
            self.fault(
                at,
                format!("- does not take type {kind}"),
                "it takes ints and doubles",
            );
        }
        kind
    }

    fn link(&mut self, left: Type, link: &Link) -> Type {
        let right = self.node(&link.right);
        let result = operator_type(link.operator, left, right);
        result.unwrap_or_else(|| {
            let message = format!("{left} {} {right} is not defined", link.operator.sign());
            let remedy = match link.operator {
                Operator::Equal | Operator::NotEqual => {
                    "the sides are never equal; int(…), double(…) and string(…) convert"
                }
                Operator::Less | Operator::LessOrEqual | Operator::Greater
                | Operator::GreaterOrEqual => {
                    "compare numbers with numbers and strings with strings; int(…), double(…) and string(…) convert"
                }
                operator => remedy(operator),
            };
            self.fault(link.at, message, remedy);
            Type::Dyn
        })
    }

    fn access(&mut self, kind: Type, access: &Access) -> Type {
        match &access.kind {
            AccessKind::Field(field) => {
                self.field(access.at, kind, field);
                Type::Dyn
            }
            AccessKind::Index(node) => {
                let index = self.node(node);
                let is_number = matches!(index, Type::Int | Type::Uint | Type::Double | Type::Dyn);
                let is_key = is_number || matches!(index, Type::String | Type::Bool);
                let fits = match kind {
                    Type::List => is_number,
                    Type::Map | Type::Dyn | Type::Null => is_key,
                    _ => false,
                };
                if !fits {
                    let remedy = match kind {
                        Type::String => "write text.charAt(position) or text.substring(from, to)",
                        _ => "lists have positions, and maps keys",
                    };
                    self.fault(access.at, format!("{kind}[{index}] is not defined"), remedy);
                }
                Type::Dyn
            }
            AccessKind::Method(function, nodes) => {
                let mut types = vec![kind];
                types.extend(self.nodes(nodes));
                self.call(access.at, function, &types)
            }
            AccessKind::Macro(found, bodies) => self.comprehension(access.at, kind, *found, bodies),
        }
    }

    /// Whether a field of `error` exists.
    fn error_field(&mut self, base: &Node, access: Option<&Access>) {
        let Kind::Reference(index) = &base.kind else {
            return;
        };
        let reference = self.references.get(*index);
        let is_error = |one: &Reference| one.root == Root::Binding && one.name == "error";
        if let Some(access) = access.filter(|_| reference.is_some_and(is_error))
            && let AccessKind::Field(field) = &access.kind
            && !ERROR_FIELDS.contains(&field.as_str())
            && self.faults.len() < FAULTS_MAX
        {
            let remedy = match nearest(field, ERROR_FIELDS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`"),
                None => format!("it has {}", ERROR_FIELDS.join(", ")),
            };
            let message = format!("`error` has no `{}`", shown(field));
            self.faults
                .push(*Fault::new(access.at, UNKNOWN_NAME, message, remedy));
        }
    }

    fn field(&mut self, at: u32, kind: Type, field: &str) {
        if !matches!(kind, Type::Map | Type::Dyn | Type::Null) {
            let remedy = match kind {
                Type::String => "read JSON with json(text), or give the step output: json",
                Type::List => {
                    "take an element first, such as list[0], or all with list.map(x, x.name)"
                }
                _ => "only maps have names",
            };
            self.fault(at, format!("type {kind} has no `{}`", shown(field)), remedy);
        }
    }

    fn comprehension(&mut self, at: u32, kind: Type, found: Macro, bodies: &[Node]) -> Type {
        if !matches!(kind, Type::List | Type::Map | Type::Dyn) {
            let message = format!("{}() does not go through type {kind}", found.name());
            self.fault(at, message, "it goes through lists and the keys of maps");
        }
        match (found, bodies) {
            (Macro::Map, [body]) => {
                self.node(body);
            }
            (_, [condition, rest @ ..]) => {
                self.condition(condition, &format!("{}()", found.name()));
                self.nodes(rest);
            }
            (_, []) => (),
        }
        match found {
            Macro::Map | Macro::Filter => Type::List,
            _ => Type::Bool,
        }
    }

    fn call(&mut self, at: u32, function: &Function, types: &[Type]) -> Type {
        let fitting = function
            .signatures
            .iter()
            .filter(|one| one.accepts(types.iter().copied()));
        let result = fitting.map(|one| one.result).reduce(common);
        result.unwrap_or_else(|| {
            let names: Vec<&str> = types.iter().map(|kind| kind.name()).collect();
            let message = format!("{}() does not take ({})", function.name, names.join(", "));
            self.fault(at, message, format!("it is {}", function.forms()));
            Type::Dyn
        })
    }
}

/// The type of a value that is of one of two.
fn common(left: Type, right: Type) -> Type {
    if left == right { left } else { Type::Dyn }
}

const fn is_number(kind: Type) -> bool {
    matches!(kind, Type::Int | Type::Uint | Type::Double)
}

/// The type of what an operator gives; none if it does not take the sides.
fn operator_type(operator: Operator, left: Type, right: Type) -> Option<Type> {
    let is_open = left == Type::Dyn || right == Type::Dyn;
    let fits = is_open || left == right;
    match operator {
        Operator::Equal | Operator::NotEqual => {
            let has_null = left == Type::Null || right == Type::Null;
            let comparable = fits || has_null || (is_number(left) && is_number(right));
            comparable.then_some(Type::Bool)
        }
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            let ordered = |kind| {
                is_number(kind)
                    || matches!(kind, Type::Bool | Type::String | Type::Bytes | Type::Dyn)
            };
            let comparable = fits || (is_number(left) && is_number(right));
            (comparable && ordered(left) && ordered(right)).then_some(Type::Bool)
        }
        Operator::In => matches!(right, Type::List | Type::Map | Type::Dyn).then_some(Type::Bool),
        _ => {
            let takes = |kind| match operator {
                Operator::Remainder => matches!(kind, Type::Int | Type::Uint | Type::Dyn),
                Operator::Add => {
                    is_number(kind)
                        || matches!(kind, Type::String | Type::Bytes | Type::List | Type::Dyn)
                }
                _ => is_number(kind) || kind == Type::Dyn,
            };
            let known = if left == Type::Dyn { right } else { left };
            (fits && takes(left) && takes(right)).then_some(known)
        }
    }
}
