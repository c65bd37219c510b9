//! Functions of strings. Positions count characters (Unicode scalar values), from 0.

use super::super::fault::{Fault, Faulty, INVALID_ARGUMENT};
use super::super::val::{Text, Val};
use super::super::work::Work;
use super::conversions::excluded;

pub(super) fn contains<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    two(work, arguments, |text, part| text.contains(part))
}

pub(super) fn starts_with<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    two(work, arguments, |text, part| text.starts_with(part))
}

pub(super) fn ends_with<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    two(work, arguments, |text, part| text.ends_with(part))
}

fn two<'v>(
    work: &mut Work,
    arguments: &[Val<'v>],
    ask: impl Fn(&str, &str) -> bool,
) -> Faulty<Val<'v>> {
    let [Val::Text(text), Val::Text(part)] = arguments else {
        return Err(excluded(work));
    };
    work.scan(text.as_str().len().saturating_add(part.as_str().len()))?;
    Ok(Val::Bool(ask(text.as_str(), part.as_str())))
}

pub(super) fn matches<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [Val::Text(text), Val::Text(pattern)] => {
            work.matches(text.as_str(), pattern.as_str()).map(Val::Bool)
        }
        _ => Err(excluded(work)),
    }
}

pub(super) fn lower<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    map(work, arguments, str::to_lowercase)
}

pub(super) fn upper<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    map(work, arguments, str::to_uppercase)
}

pub(super) fn lower_ascii<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    map(work, arguments, str::to_ascii_lowercase)
}

pub(super) fn upper_ascii<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    map(work, arguments, str::to_ascii_uppercase)
}

fn map<'v>(
    work: &mut Work,
    arguments: &[Val<'v>],
    change: impl Fn(&str) -> String,
) -> Faulty<Val<'v>> {
    let [Val::Text(text)] = arguments else {
        return Err(excluded(work));
    };
    work.scan(text.as_str().len())?;
    work.text(text.as_str().len())?;
    let changed = change(text.as_str());
    work.text(changed.len().saturating_sub(text.as_str().len()))?;
    Ok(Val::made_text(&changed))
}

pub(super) fn trim<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    match arguments {
        [Val::Text(text)] => {
            work.scan(text.as_str().len())?;
            part(work, text, text.as_str().trim())
        }
        _ => Err(excluded(work)),
    }
}

/// A part of a text: it borrows where the text does.
fn part<'v>(work: &mut Work, whole: &Text<'v>, part: &str) -> Faulty<Val<'v>> {
    if let Text::Borrowed(text) = whole {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        if let Some(borrowed) = text.get(start..start + part.len()) {
            return Ok(Val::Text(Text::Borrowed(borrowed)));
        }
    }
    work.text(part.len())?;
    Ok(Val::made_text(part))
}

pub(super) fn split<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let (text, separator, most) = match arguments {
        [Val::Text(text), Val::Text(separator)] => (text, separator, usize::MAX),
        [Val::Text(text), Val::Text(separator), Val::Int(most)] => (
            text,
            separator,
            usize::try_from(*most).unwrap_or(usize::MAX),
        ),
        _ => return Err(excluded(work)),
    };
    let separator = separator.as_str();
    work.scan(text.as_str().len())?;
    let mut rest = text.as_str();
    let mut parts = Vec::new();
    while parts.len() + 1 < most {
        let cut = match separator.is_empty() {
            true => rest.char_indices().nth(1).map(|(at, _)| at),
            false => rest.find(separator),
        };
        let Some((head, tail)) = cut.and_then(|at| rest.split_at_checked(at)) else {
            break;
        };
        work.reserve(parts.len() + 1)?;
        parts.push(part(work, text, head)?);
        rest = tail.get(separator.len()..).unwrap_or("");
    }
    if most > 0 && !(separator.is_empty() && rest.is_empty()) {
        parts.push(part(work, text, rest)?);
    }
    Val::made_list(work, parts)
}

pub(super) fn lines<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::Text(text)] = arguments else {
        return Err(excluded(work));
    };
    work.scan(text.as_str().len())?;
    let mut parts = Vec::new();
    for line in text.as_str().lines() {
        work.reserve(parts.len() + 1)?;
        parts.push(part(work, text, line)?);
    }
    Val::made_list(work, parts)
}

pub(super) fn replace<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let (text, from, to, most) = match arguments {
        [Val::Text(text), Val::Text(from), Val::Text(to)] => (text, from, to, usize::MAX),
        [
            Val::Text(text),
            Val::Text(from),
            Val::Text(to),
            Val::Int(most),
        ] => (text, from, to, usize::try_from(*most).unwrap_or(usize::MAX)),
        _ => return Err(excluded(work)),
    };
    let (text, from, to) = (text.as_str(), from.as_str(), to.as_str());
    work.scan(text.len().saturating_mul(4))?;
    let found = text.matches(from).take(most).count();
    let grown = text.len().saturating_add(found.saturating_mul(to.len()));
    work.text(grown.saturating_sub(found.saturating_mul(from.len())))?;
    Ok(Val::made_text(&text.replacen(from, to, found)))
}

pub(super) fn substring<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let (text, first, end) = match arguments {
        [Val::Text(text), Val::Int(first)] => (text, *first, None),
        [Val::Text(text), Val::Int(first), Val::Int(end)] => (text, *first, Some(*end)),
        _ => return Err(excluded(work)),
    };
    work.scan(text.as_str().len())?;
    let first_byte = byte_of(work, text.as_str(), first)?;
    let end_byte = match end {
        Some(end) => byte_of(work, text.as_str(), end)?,
        None => text.as_str().len(),
    };
    match text.as_str().get(first_byte..end_byte) {
        Some(found) => part(work, text, found),
        None => Err(outside(work, text.as_str(), first)),
    }
}

pub(super) fn char_at<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::Text(text), Val::Int(at)] = arguments else {
        return Err(excluded(work));
    };
    work.scan(text.as_str().len())?;
    let first = byte_of(work, text.as_str(), *at)?;
    let rest = text.as_str().get(first..).unwrap_or("");
    let len = rest.chars().next().map_or(0, char::len_utf8);
    part(work, text, rest.get(..len).unwrap_or(""))
}

pub(super) fn index_of<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let (text, wanted, from) = match arguments {
        [Val::Text(text), Val::Text(wanted)] => (text.as_str(), wanted.as_str(), 0),
        [Val::Text(text), Val::Text(wanted), Val::Int(from)] => {
            (text.as_str(), wanted.as_str(), *from)
        }
        _ => return Err(excluded(work)),
    };
    work.scan(text.len().saturating_mul(2))?;
    let from = byte_of(work, text, from)?;
    let found = text
        .get(from..)
        .and_then(|rest| rest.find(wanted))
        .map(|at| from + at);
    Ok(position(text, found))
}

pub(super) fn last_index_of<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let (text, wanted, from) = match arguments {
        [Val::Text(text), Val::Text(wanted)] => (text.as_str(), wanted.as_str(), None),
        [Val::Text(text), Val::Text(wanted), Val::Int(from)] => {
            (text.as_str(), wanted.as_str(), Some(*from))
        }
        _ => return Err(excluded(work)),
    };
    work.scan(text.len().saturating_mul(2))?;
    let end = match from {
        Some(from) => byte_of(work, text, from)?
            .saturating_add(wanted.len())
            .min(text.len()),
        None => text.len(),
    };
    let end = (end..=text.len())
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(end);
    let mut found = text.get(..end).and_then(|head| head.rfind(wanted));
    if let (Some(from), Some(at)) = (from, found) {
        let limit = byte_of(work, text, from)?;
        if at > limit {
            found = text.get(..limit).and_then(|head| head.rfind(wanted));
        }
    }
    Ok(position(text, found))
}

/// The byte of the character at a position, or of the end.
fn byte_of(work: &Work, text: &str, position: i64) -> Faulty<usize> {
    let mut bytes = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    usize::try_from(position)
        .ok()
        .and_then(|position| bytes.nth(position))
        .ok_or_else(|| outside(work, text, position))
}

fn outside(work: &Work, text: &str, position: i64) -> Box<Fault> {
    let count = text.chars().count();
    let message = format!("position {position} lies outside of a string of {count} characters");
    let remedy = "positions are 0 to the size of the string, the first one before the second";
    work.fault(INVALID_ARGUMENT, message, remedy)
}

/// The position of the character at a byte; -1 for none.
fn position<'v>(text: &str, byte: Option<usize>) -> Val<'v> {
    let characters = byte
        .and_then(|byte| text.get(..byte))
        .map(|head| head.chars().count());
    Val::Int(
        characters
            .and_then(|count| i64::try_from(count).ok())
            .unwrap_or(-1),
    )
}
