//! Equality and order of values: numbers by their value, whatever their types.

use std::cmp::Ordering;

use super::fault::{Faulty, TYPE_MISMATCH};
use super::val::{Key, List, Map, Val};
use super::work::Work;

/// Whether two values are equal. Values of different types are not, except numbers.
///
/// # Errors
/// Budgets.
pub(super) fn equal(work: &mut Work, left: &Val<'_>, right: &Val<'_>) -> Faulty<bool> {
    work.step(1)?;
    Ok(match (left, right) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(left), Val::Bool(right)) => left == right,
        (Val::Type(left), Val::Type(right)) => left == right,
        (Val::Text(left), Val::Text(right)) => {
            let (left, right) = (left.as_str(), right.as_str());
            if left.len() != right.len() {
                return Ok(false);
            }
            work.scan(left.len())?;
            left == right
        }
        (Val::Bytes(left), Val::Bytes(right)) => {
            work.scan(left.as_slice().len().min(right.as_slice().len()))?;
            left.as_slice() == right.as_slice()
        }
        (Val::List(left), Val::List(right)) => equal_lists(work, left, right)?,
        (Val::Map(left), Val::Map(right)) => equal_maps(work, left, right)?,
        _ => numbers(left, right) == Some(Some(Ordering::Equal)),
    })
}

fn equal_lists(work: &mut Work, left: &List<'_>, right: &List<'_>) -> Faulty<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (left, right) in left.iter().zip(right.iter()) {
        if !equal(work, &left, &right)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_maps(work: &mut Work, left: &Map<'_>, right: &Map<'_>) -> Faulty<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    work.step(u64::try_from(left.len()).unwrap_or(u64::MAX))?;
    for (key, left) in left.entries() {
        match right.get(&key) {
            Some(right) if equal(work, &left, &right)? => (),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// The order of two values; none if one of them is not a number.
///
/// # Errors
/// Values that have no order: of different types, lists, maps and types.
pub(super) fn compare(
    work: &mut Work,
    left: &Val<'_>,
    right: &Val<'_>,
) -> Faulty<Option<Ordering>> {
    work.step(1)?;
    Ok(match (left, right) {
        (Val::Bool(left), Val::Bool(right)) => Some(left.cmp(right)),
        (Val::Text(left), Val::Text(right)) => {
            let (left, right) = (left.as_str(), right.as_str());
            work.scan(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        (Val::Bytes(left), Val::Bytes(right)) => {
            let (left, right) = (left.as_slice(), right.as_slice());
            work.scan(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        _ => match numbers(left, right) {
            Some(order) => order,
            None => {
                let message = format!("{} and {} have no order", left.type_of(), right.type_of());
                let remedy = "compare numbers with numbers and strings with strings; int(…), double(…) and string(…) convert";
                return Err(work.fault(TYPE_MISMATCH, message, remedy));
            }
        },
    })
}

/// The order of two numbers; none if one of them is no number, or inside if it is NaN.
fn numbers(left: &Val<'_>, right: &Val<'_>) -> Option<Option<Ordering>> {
    Some(match (left, right) {
        (Val::Double(left), Val::Double(right)) => left.partial_cmp(right),
        (Val::Double(left), right) => with_double(integer(right)?, *left).map(Ordering::reverse),
        (left, Val::Double(right)) => with_double(integer(left)?, *right),
        (left, right) => Some(integer(left)?.cmp(&integer(right)?)),
    })
}

fn integer(value: &Val<'_>) -> Option<i128> {
    match value {
        Val::Int(value) => Some(i128::from(*value)),
        Val::Uint(value) => Some(i128::from(*value)),
        _ => None,
    }
}

/// The order of an integer of 65 bits and a double, exactly.
fn with_double(integer: i128, double: f64) -> Option<Ordering> {
    const BOUND: f64 = 36_893_488_147_419_103_232.0;
    if double.is_nan() {
        return None;
    }
    if double >= BOUND {
        return Some(Ordering::Less);
    }
    if double <= -BOUND {
        return Some(Ordering::Greater);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked above"
    )]
    let whole = double.trunc() as i128;
    let fraction = 0.0_f64.partial_cmp(&double.fract());
    Some(
        integer
            .cmp(&whole)
            .then(fraction.unwrap_or(Ordering::Equal)),
    )
}

/// An order of all values, in which values that are equal are beside each other: for leaving out
/// duplicates. NaN comes behind all other numbers.
///
/// # Errors
/// Budgets.
pub(super) fn total(work: &mut Work, left: &Val<'_>, right: &Val<'_>) -> Faulty<Ordering> {
    work.step(1)?;
    Ok(match (left, right) {
        (Val::List(left), Val::List(right)) => {
            for (left, right) in left.iter().zip(right.iter()) {
                let order = total(work, &left, &right)?;
                if order != Ordering::Equal {
                    return Ok(order);
                }
            }
            left.len().cmp(&right.len())
        }
        (Val::Map(left), Val::Map(right)) => {
            work.step(u64::try_from(left.len().saturating_add(right.len())).unwrap_or(u64::MAX))?;
            total_entries(work, &left.entries(), &right.entries())?
        }
        (Val::Null, Val::Null) => Ordering::Equal,
        (Val::Type(left), Val::Type(right)) => left.name().cmp(right.name()),
        _ if rank(left) != rank(right) => rank(left).cmp(&rank(right)),
        _ => match compare(work, left, right)? {
            Some(order) => order,
            None => is_nan(left).cmp(&is_nan(right)),
        },
    })
}

fn total_entries(
    work: &mut Work,
    left: &[(Key<'_>, Val<'_>)],
    right: &[(Key<'_>, Val<'_>)],
) -> Faulty<Ordering> {
    for ((left_key, left), (right_key, right)) in left.iter().zip(right) {
        let order = left_key.cmp(right_key).then(total(work, left, right)?);
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
}

fn is_nan(value: &Val<'_>) -> bool {
    matches!(value, Val::Double(value) if value.is_nan())
}

fn rank(value: &Val<'_>) -> u8 {
    match value {
        Val::Null => 0,
        Val::Bool(_) => 1,
        Val::Int(_) | Val::Uint(_) | Val::Double(_) => 2,
        Val::Text(_) => 3,
        Val::Bytes(_) => 4,
        Val::List(_) => 5,
        Val::Map(_) => 6,
        Val::Type(_) => 7,
    }
}
