//! Operators with two sides.

use std::cmp::Ordering;

use super::super::ast::Operator;
use super::super::fault::{ARITHMETIC, Fault, Faulty, TYPE_MISMATCH};
use super::super::order::{compare, equal};
use super::super::val::{Blob, Key, List, Text, Val};
use super::super::work::Work;
use std::rc::Rc;

/// The value of `left operator right`.
///
/// # Errors
/// Types that the operator does not take, numbers out of range, and budgets.
pub(in crate::cel) fn apply<'v>(
    work: &mut Work,
    operator: Operator,
    left: &Val<'v>,
    right: &Val<'v>,
) -> Faulty<Val<'v>> {
    match operator {
        Operator::Equal => equal(work, left, right).map(Val::Bool),
        Operator::NotEqual => equal(work, left, right).map(|equal| Val::Bool(!equal)),
        Operator::Less => ordered(work, left, right, |order| order == Ordering::Less),
        Operator::LessOrEqual => ordered(work, left, right, |order| order != Ordering::Greater),
        Operator::Greater => ordered(work, left, right, |order| order == Ordering::Greater),
        Operator::GreaterOrEqual => ordered(work, left, right, |order| order != Ordering::Less),
        Operator::In => contains(work, left, right),
        _ => match (left, right) {
            (Val::Int(left), Val::Int(right)) => ints(work, operator, *left, *right).map(Val::Int),
            (Val::Uint(left), Val::Uint(right)) => {
                uints(work, operator, *left, *right).map(Val::Uint)
            }
            (Val::Double(left), Val::Double(right)) => match operator {
                Operator::Add => Ok(Val::Double(left + right)),
                Operator::Subtract => Ok(Val::Double(left - right)),
                Operator::Multiply => Ok(Val::Double(left * right)),
                Operator::Divide => Ok(Val::Double(left / right)),
                _ => Err(no_overload(
                    work,
                    operator,
                    Val::Double(0.0),
                    Val::Double(0.0),
                )),
            },
            _ if operator == Operator::Add => concatenate(work, left, right),
            _ => Err(no_overload(work, operator, left.clone(), right.clone())),
        },
    }
}

fn ordered<'v>(
    work: &mut Work,
    left: &Val<'_>,
    right: &Val<'_>,
    ask: impl Fn(Ordering) -> bool,
) -> Faulty<Val<'v>> {
    Ok(Val::Bool(compare(work, left, right)?.is_some_and(ask)))
}

fn ints(work: &Work, operator: Operator, left: i64, right: i64) -> Faulty<i64> {
    let result = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide | Operator::Remainder if right == 0 => return Err(by_zero(work)),
        Operator::Divide => left.checked_div(right),
        _ => left.checked_rem(right),
    };
    result.ok_or_else(|| {
        work.fault(
            ARITHMETIC,
            format!("{left} {} {right} is no int", operator.sign()),
            "an int is -9223372036854775808 to 9223372036854775807; convert with double(…)",
        )
    })
}

fn uints(work: &Work, operator: Operator, left: u64, right: u64) -> Faulty<u64> {
    let result = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide | Operator::Remainder if right == 0 => return Err(by_zero(work)),
        Operator::Divide => left.checked_div(right),
        _ => left.checked_rem(right),
    };
    result.ok_or_else(|| {
        work.fault(
            ARITHMETIC,
            format!("{left}u {} {right}u is no uint", operator.sign()),
            "a uint is 0 to 18446744073709551615; convert with int(…) or double(…)",
        )
    })
}

fn by_zero(work: &Work) -> Box<Fault> {
    work.fault(
        ARITHMETIC,
        "the divisor is 0",
        "test it first: x != 0 && y / x > 1",
    )
}

fn concatenate<'v>(work: &mut Work, left: &Val<'v>, right: &Val<'v>) -> Faulty<Val<'v>> {
    match (left, right) {
        (Val::Text(left), Val::Text(right)) => {
            let (left, right) = (left.as_str(), right.as_str());
            work.text(left.len().saturating_add(right.len()))?;
            let mut text = String::with_capacity(left.len() + right.len());
            text.push_str(left);
            text.push_str(right);
            Ok(Val::Text(Text::Made(Rc::from(text))))
        }
        (Val::Bytes(left), Val::Bytes(right)) => {
            let (left, right) = (left.as_slice(), right.as_slice());
            work.text(left.len().saturating_add(right.len()))?;
            Ok(Val::Bytes(Blob::Made([left, right].concat().into())))
        }
        (Val::List(left), Val::List(right)) => join(work, left, right),
        _ => Err(no_overload(
            work,
            Operator::Add,
            left.clone(),
            right.clone(),
        )),
    }
}

fn join<'v>(work: &mut Work, left: &List<'v>, right: &List<'v>) -> Faulty<Val<'v>> {
    let len = left.len().saturating_add(right.len());
    work.reserve(len)?;
    work.step(u64::try_from(len).unwrap_or(u64::MAX))?;
    Val::made_list(work, left.iter().chain(right.iter()).collect())
}

/// `left in right`.
fn contains<'v>(work: &mut Work, left: &Val<'v>, right: &Val<'v>) -> Faulty<Val<'v>> {
    match right {
        Val::List(list) => {
            for value in list.iter() {
                if equal(work, left, &value)? {
                    return Ok(Val::Bool(true));
                }
            }
            Ok(Val::Bool(false))
        }
        Val::Map(map) => {
            if let Val::Text(text) = left {
                work.scan(text.as_str().len())?;
            }
            let key = Key::of(left);
            Ok(Val::Bool(key.is_some_and(|key| map.get(&key).is_some())))
        }
        _ => Err(no_overload(work, Operator::In, left.clone(), right.clone())),
    }
}

/// `-value`.
pub(super) fn negate<'v>(work: &Work, value: &Val<'v>) -> Faulty<Val<'v>> {
    match value {
        Val::Int(value) => value.checked_neg().map(Val::Int).ok_or_else(|| {
            work.fault(
                ARITHMETIC,
                format!("-({value}) is no int"),
                "convert with double(…)",
            )
        }),
        Val::Double(value) => Ok(Val::Double(-value)),
        other => Err(work.fault(
            TYPE_MISMATCH,
            format!("- does not take type {}", other.type_of()),
            "it takes ints and doubles",
        )),
    }
}

fn no_overload(work: &Work, operator: Operator, left: Val<'_>, right: Val<'_>) -> Box<Fault> {
    let (left, right) = (left.type_of(), right.type_of());
    let sign = operator.sign();
    work.fault(
        TYPE_MISMATCH,
        format!("{left} {sign} {right} is not defined"),
        remedy(operator),
    )
}

/// What an operator takes.
pub(in crate::cel) const fn remedy(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => {
            "both sides are numbers of one type, strings, bytes or lists; int(…), double(…) and string(…) convert"
        }
        Operator::Remainder => "both sides are ints, or uints",
        Operator::In => "the right side is a list or a map; write text.contains(part) for strings",
        _ => "both sides are numbers of one type; int(…), uint(…) and double(…) convert",
    }
}
