//! Functions of lists and maps.

use std::cmp::Ordering;

use super::super::evaluate::operators;
use super::super::fault::{Fault, Faulty, INVALID_ARGUMENT, TYPE_MISMATCH};
use super::super::order::{compare, total};
use super::super::val::{List, Val};
use super::super::work::Work;
use super::conversions::excluded;
use crate::cel::ast::Operator;

pub(super) fn size<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let size = match arguments {
        [Val::Text(text)] => {
            work.scan(text.as_str().len())?;
            text.as_str().chars().count()
        }
        [Val::Bytes(bytes)] => bytes.as_slice().len(),
        [Val::List(list)] => list.len(),
        [Val::Map(map)] => map.len(),
        _ => return Err(excluded(work)),
    };
    Ok(Val::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

/// The elements of a list that becomes another one.
fn elements<'v>(work: &mut Work, list: &List<'v>) -> Faulty<Vec<Val<'v>>> {
    work.reserve(list.len())?;
    work.step(u64::try_from(list.len()).unwrap_or(u64::MAX))?;
    Ok(list.iter().collect())
}

pub(super) fn first<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [Val::List(list)] => Ok(list.get(0).unwrap_or(Val::Null)),
        _ => Err(excluded(work)),
    }
}

pub(super) fn last<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [Val::List(list)] => {
            let last = list.len().checked_sub(1).and_then(|last| list.get(last));
            Ok(last.unwrap_or(Val::Null))
        }
        _ => Err(excluded(work)),
    }
}

pub(super) fn reverse<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [Val::List(list)] => {
            let mut values = elements(work, list)?;
            values.reverse();
            Val::made_list(work, values)
        }
        [Val::Text(text)] => {
            work.scan(text.as_str().len())?;
            work.text(text.as_str().len())?;
            let reversed: String = text.as_str().chars().rev().collect();
            Ok(Val::made_text(&reversed))
        }
        _ => Err(excluded(work)),
    }
}

pub(super) fn slice<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::List(list), Val::Int(first), Val::Int(end)] = arguments else {
        return Err(excluded(work));
    };
    let bounds = usize::try_from(*first).ok().zip(usize::try_from(*end).ok());
    let Some((from, to)) = bounds.filter(|(from, to)| from <= to && *to <= list.len()) else {
        let message = format!(
            "positions {first} to {end} lie outside of a list of {} elements",
            list.len()
        );
        let remedy = "positions are 0 to the size of the list, the first one before the second";
        return Err(work.fault(INVALID_ARGUMENT, message, remedy));
    };
    work.reserve(to - from)?;
    let values = (from..to).filter_map(|index| list.get(index)).collect();
    Val::made_list(work, values)
}

pub(super) fn flatten<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let (list, levels) = match arguments {
        [Val::List(list)] => (list, 1),
        [Val::List(list), Val::Int(levels)] => (list, *levels),
        _ => return Err(excluded(work)),
    };
    let Ok(levels) = u8::try_from(levels) else {
        let message = format!("{levels} levels; 0 to 255 can be flattened");
        return Err(work.fault(INVALID_ARGUMENT, message, "write a smaller number"));
    };
    let mut values = Vec::new();
    flatten_into(work, list, levels, &mut values)?;
    Val::made_list(work, values)
}

fn flatten_into<'v>(
    work: &mut Work,
    list: &List<'v>,
    levels: u8,
    into: &mut Vec<Val<'v>>,
) -> Faulty<()> {
    for value in list.iter() {
        work.step(1)?;
        match (value, levels.checked_sub(1)) {
            (Val::List(inner), Some(levels)) => flatten_into(work, &inner, levels, into)?,
            (value, _) => {
                work.reserve(into.len() + 1)?;
                into.push(value);
            }
        }
    }
    Ok(())
}

/// A merge sort whose comparison may fail: the standard library's cannot end early.
fn sorted<T: Clone>(
    work: &mut Work,
    mut values: Vec<T>,
    order: impl Fn(&mut Work, &T, &T) -> Faulty<Ordering>,
) -> Faulty<Vec<T>> {
    let mut width = 1;
    while width < values.len() {
        let mut merged = Vec::with_capacity(values.len());
        for run in values.chunks(width * 2) {
            let (left, right) = run.split_at(width.min(run.len()));
            merge(work, left, right, &mut merged, &order)?;
        }
        values = merged;
        width *= 2;
    }
    Ok(values)
}

fn merge<T: Clone>(
    work: &mut Work,
    mut left: &[T],
    mut right: &[T],
    merged: &mut Vec<T>,
    order: &impl Fn(&mut Work, &T, &T) -> Faulty<Ordering>,
) -> Faulty<()> {
    while let (Some((first, others)), Some((second, further))) =
        (left.split_first(), right.split_first())
    {
        if order(work, first, second)? == Ordering::Greater {
            merged.push(second.clone());
            right = further;
        } else {
            merged.push(first.clone());
            left = others;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    Ok(())
}

pub(super) fn sort<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::List(list)] = arguments else {
        return Err(excluded(work));
    };
    let values = elements(work, list)?;
    if let [only] = values.as_slice() {
        compare(work, only, only)?;
    }
    let values = sorted(work, values, |work, left, right| {
        compare(work, left, right)?.ok_or_else(|| not_a_number(work))
    })?;
    Val::made_list(work, values)
}

pub(super) fn distinct<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::List(list)] = arguments else {
        return Err(excluded(work));
    };
    let values: Vec<(usize, Val<'v>)> = elements(work, list)?.into_iter().enumerate().collect();
    let mut values = sorted(work, values, |work, (_, left), (_, right)| {
        total(work, left, right)
    })?;
    let mut kept: Vec<(usize, Val<'v>)> = Vec::new();
    for (index, value) in values.drain(..) {
        match kept.last() {
            Some((_, last)) if total(work, last, &value)? == Ordering::Equal => (),
            _ => kept.push((index, value)),
        }
    }
    kept.sort_by_key(|(index, _)| *index);
    Val::made_list(work, kept.into_iter().map(|(_, value)| value).collect())
}

fn not_a_number(work: &Work) -> Box<Fault> {
    work.fault(
        INVALID_ARGUMENT,
        "NaN has no order",
        "leave it out with filter(x, x == x)",
    )
}

pub(super) fn min<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    extreme(work, arguments, Ordering::Less)
}

pub(super) fn max<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    extreme(work, arguments, Ordering::Greater)
}

fn extreme<'v>(work: &mut Work, arguments: &[Val<'v>], wanted: Ordering) -> Faulty<Val<'v>> {
    let mut best: Option<Val<'v>> = None;
    let mut consider = |work: &mut Work, value: Val<'v>| -> Faulty<()> {
        let order = match &best {
            Some(best) => compare(work, &value, best)?,
            None => compare(work, &value, &value)?.map(|_| wanted),
        };
        if order.ok_or_else(|| not_a_number(work))? == wanted {
            best = Some(value);
        }
        Ok(())
    };
    match arguments {
        [Val::List(list)] => list.iter().try_for_each(|value| consider(work, value))?,
        values => values
            .iter()
            .try_for_each(|value| consider(work, value.clone()))?,
    }
    best.ok_or_else(|| {
        work.fault(
            INVALID_ARGUMENT,
            "the list is empty",
            "write coalesce(list.first(), otherwise), or add a value",
        )
    })
}

pub(super) fn sum<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::List(list)] = arguments else {
        return Err(excluded(work));
    };
    let mut sum: Option<Val<'v>> = None;
    for value in list.iter() {
        work.step(1)?;
        if !matches!(value, Val::Int(_) | Val::Uint(_) | Val::Double(_)) {
            let message = format!("an element of the list is of type {}", value.type_of());
            return Err(work.fault(TYPE_MISMATCH, message, "sum() adds numbers of one type"));
        }
        sum = Some(match sum {
            Some(sum) => operators::apply(work, Operator::Add, &sum, &value)?,
            None => value,
        });
    }
    Ok(sum.unwrap_or(Val::Int(0)))
}

pub(super) fn join<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let (list, separator) = match arguments {
        [Val::List(list)] => (list, ""),
        [Val::List(list), Val::Text(separator)] => (list, separator.as_str()),
        _ => return Err(excluded(work)),
    };
    let mut bytes: usize = 0;
    for value in list.iter() {
        work.step(1)?;
        let Val::Text(text) = value else {
            let message = format!("an element of the list is of type {}", value.type_of());
            return Err(work.fault(
                TYPE_MISMATCH,
                message,
                "convert it: list.map(x, string(x)).join(…)",
            ));
        };
        bytes = bytes
            .saturating_add(text.as_str().len())
            .saturating_add(separator.len());
    }
    work.text(bytes)?;
    let mut joined = String::with_capacity(bytes);
    for (index, value) in list.iter().enumerate() {
        if let Val::Text(text) = value {
            joined.push_str(if index == 0 { "" } else { separator });
            joined.push_str(text.as_str());
        }
    }
    Ok(Val::made_text(&joined))
}

pub(super) fn keys<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    entries(work, arguments, |(key, _)| key.into_val())
}

pub(super) fn values<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    entries(work, arguments, |(_, value)| value)
}

fn entries<'v>(
    work: &mut Work,
    arguments: &[Val<'v>],
    take: fn((super::super::val::Key<'v>, Val<'v>)) -> Val<'v>,
) -> Faulty<Val<'v>> {
    let [Val::Map(map)] = arguments else {
        return Err(excluded(work));
    };
    work.reserve(map.len())?;
    work.step(u64::try_from(map.len()).unwrap_or(u64::MAX))?;
    Val::made_list(work, map.entries().into_iter().map(take).collect())
}
