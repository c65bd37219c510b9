//! Steps that wait for each other.

use std::collections::VecDeque;

use crate::place::Problem;

use super::NodeIndex;
use super::edges::Edges;
use super::flat::Flat;

/// Steps of a cycle that a message names.
const SHOWN_MAX: usize = 8;

/// An order in which every step comes behind all that it waits for.
///
/// Each step has a begin and an end. A step begins after the step around it and after the ends of
/// what it waits for; it ends after the steps inside it.
///
/// # Errors
/// The problem with one cycle.
pub(super) fn order(flat: &Flat<'_>, edges: &[Edges]) -> Result<Vec<NodeIndex>, Problem> {
    let count = flat.steps.len();
    let begin = |index: NodeIndex| 2 * index;
    let end = |index: NodeIndex| 2 * index + 1;
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); 2 * count];
    let mut waits = vec![0_usize; 2 * count];
    let mut add = |first: usize, second: usize| {
        if let (Some(list), Some(number)) = (followers.get_mut(first), waits.get_mut(second)) {
            list.push(second);
            *number += 1;
        }
    };
    for (index, step) in flat.steps.iter().enumerate() {
        add(begin(index), end(index));
        if let Some((parent, _)) = step.parent {
            add(begin(parent), begin(index));
            add(end(index), end(parent));
        }
        for target in edges.get(index).into_iter().flat_map(Edges::targets) {
            add(end(target), begin(index));
        }
    }
    let mut free: VecDeque<usize> = (0..2 * count)
        .filter(|vertex| waits.get(*vertex) == Some(&0))
        .collect();
    let mut order = Vec::with_capacity(count);
    while let Some(vertex) = free.pop_front() {
        if vertex % 2 == 0 {
            order.push(vertex / 2);
        }
        for follower in followers.get(vertex).into_iter().flatten() {
            if let Some(number) = waits.get_mut(*follower) {
                *number -= 1;
                if *number == 0 {
                    free.push_back(*follower);
                }
            }
        }
    }
    if order.len() == count && waits.iter().all(|number| *number == 0) {
        return Ok(order);
    }
    Err(cycle(flat, &followers, &waits))
}

/// Follows what still waits backwards until a vertex comes again.
fn cycle(flat: &Flat<'_>, followers: &[Vec<usize>], waits: &[usize]) -> Problem {
    let stuck = |vertex: &usize| waits.get(*vertex).is_some_and(|number| *number > 0);
    let mut before = vec![None; waits.len()];
    for (vertex, list) in followers.iter().enumerate() {
        if stuck(&vertex) {
            for follower in list.iter().filter(|follower| stuck(follower)) {
                if let Some(slot) = before.get_mut(*follower) {
                    *slot = Some(vertex);
                }
            }
        }
    }
    let mut seen = vec![false; waits.len()];
    let mut vertex = (0..waits.len()).find(stuck).unwrap_or_default();
    while let Some(mark) = seen.get_mut(vertex).filter(|mark| !**mark) {
        *mark = true;
        match before.get(vertex).copied().flatten() {
            Some(previous) => vertex = previous,
            None => break,
        }
    }
    let start = vertex;
    let mut members: Vec<NodeIndex> = Vec::new();
    loop {
        if members.last() != Some(&(vertex / 2)) {
            members.push(vertex / 2);
        }
        match before.get(vertex).copied().flatten() {
            Some(previous) if previous != start => vertex = previous,
            _ => break,
        }
    }
    members.dedup();
    if members.len() > 1 && members.first() == members.last() {
        members.pop();
    }
    let first = members.iter().min().copied().unwrap_or_default();
    let ids = members
        .iter()
        .rev()
        .filter_map(|index| flat.steps.get(*index));
    let mut ids: Vec<&str> = ids.map(|step| step.step.id.value.as_str()).collect();
    let more = ids.len() > SHOWN_MAX;
    ids.truncate(SHOWN_MAX);
    let shown = ids.join(" → ") + if more { " → …" } else { "" };
    let place = flat.steps.get(first).map(|step| step.step.id.place);
    Problem::new(
        place.unwrap_or_default(),
        "cycle",
        format!(
            "steps wait for each other: {shown} → {}",
            ids.first().unwrap_or(&"")
        ),
        "remove one of the references or needs between them",
    )
}
