//! `all`, `exists`, `exists_one`, `map` and `filter` over lists and the keys of maps.

use super::super::ast::{Macro, Node};
use super::super::fault::{Faulty, TYPE_MISMATCH};
use super::super::val::{Key, List, Val};
use super::Evaluator;

/// What a macro goes through.
enum Range<'s> {
    List(List<'s>),
    Keys(Vec<Key<'s>>),
}

impl<'s> Range<'s> {
    fn len(&self) -> usize {
        match self {
            Range::List(list) => list.len(),
            Range::Keys(keys) => keys.len(),
        }
    }

    fn get(&self, index: usize) -> Option<Val<'s>> {
        match self {
            Range::List(list) => list.get(index),
            Range::Keys(keys) => keys.get(index).cloned().map(Key::into_val),
        }
    }
}

impl<'s> Evaluator<'s, '_> {
    pub(super) fn comprehend(
        &mut self,
        at: u32,
        found: Macro,
        value: &Val<'s>,
        bodies: &'s [Node],
    ) -> Faulty<Val<'s>> {
        self.work.at = at;
        self.work.step(1)?;
        let range = match value {
            Val::List(list) => Range::List(list.clone()),
            Val::Map(map) => {
                self.work
                    .step(u64::try_from(map.len()).unwrap_or(u64::MAX))?;
                Range::Keys(map.entries().into_iter().map(|(key, _)| key).collect())
            }
            other => {
                let message = format!(
                    "{}() does not go through type {}",
                    found.name(),
                    other.type_of()
                );
                let remedy = "it goes through lists and the keys of maps";
                return Err(self.work.fault(TYPE_MISMATCH, message, remedy));
            }
        };
        let depth = self.locals.len();
        let result = match (found, bodies) {
            (Macro::All, [body]) => self.any(&range, body, false),
            (Macro::Exists, [body]) => self.any(&range, body, true),
            (Macro::ExistsOne, [body]) => self.exactly_one(&range, body),
            (Macro::Filter, [condition]) => self.collect(at, &range, Some(condition), None),
            (_, [condition, body]) => self.collect(at, &range, Some(condition), Some(body)),
            (_, bodies) => self.collect(at, &range, None, bodies.first()),
        };
        self.locals.truncate(depth);
        result
    }

    /// Evaluates with the next element as the innermost variable.
    fn with<T>(
        &mut self,
        element: Val<'s>,
        then: impl FnOnce(&mut Self) -> Faulty<T>,
    ) -> Faulty<T> {
        self.locals.push(element);
        let depth = self.locals.len();
        let result = then(self);
        self.locals.truncate(depth.saturating_sub(1));
        result
    }

    /// Whether the condition has the decisive value for an element; faults of others do not count
    /// then.
    fn any(&mut self, range: &Range<'s>, body: &'s Node, decisive: bool) -> Faulty<Val<'s>> {
        let wanted_by = if decisive { "exists()" } else { "all()" };
        let mut first_fault = None;
        for element in (0..range.len()).filter_map(|index| range.get(index)) {
            match self.with(element, |inner| inner.truth(body, wanted_by)) {
                Ok(value) if value == decisive => return Ok(Val::Bool(decisive)),
                Ok(_) => (),
                Err(fault) => self.absorb(&mut first_fault, fault)?,
            }
        }
        match first_fault {
            Some(fault) => Err(fault),
            None => Ok(Val::Bool(!decisive)),
        }
    }

    fn exactly_one(&mut self, range: &Range<'s>, body: &'s Node) -> Faulty<Val<'s>> {
        let mut count: usize = 0;
        for element in (0..range.len()).filter_map(|index| range.get(index)) {
            count += usize::from(self.with(element, |inner| inner.truth(body, "exists_one()"))?);
        }
        Ok(Val::Bool(count == 1))
    }

    /// The elements that a condition holds for, or what the body makes of them.
    fn collect(
        &mut self,
        at: u32,
        range: &Range<'s>,
        condition: Option<&'s Node>,
        body: Option<&'s Node>,
    ) -> Faulty<Val<'s>> {
        let mut values = Vec::new();
        for element in (0..range.len()).filter_map(|index| range.get(index)) {
            let kept = element.clone();
            let value = self.with(element, |inner| {
                if let Some(condition) = condition
                    && !inner.truth(condition, "the condition")?
                {
                    return Ok(None);
                }
                match body {
                    Some(body) => inner.value(body).map(Some),
                    None => Ok(Some(kept)),
                }
            })?;
            if let Some(value) = value {
                self.work.at = at;
                self.work.reserve(values.len() + 1)?;
                values.push(value);
            }
        }
        self.work.at = at;
        Val::made_list(&mut self.work, values)
    }
}
