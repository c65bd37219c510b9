//! Attributes fuel to stacks of functions, mark by mark, in bounded memory.

use std::collections::HashMap;

use crate::cost::operator_cost;

use super::instrument::LEAVE;

/// Different stacks that are told apart; fuel of any others goes to one frame.
pub const STACKS_MAX: usize = 10_000;

/// Frames of a stack that are told apart; what deeper frames use goes to one frame below them.
pub const STACK_FRAMES_MAX: usize = 96;

/// What entering a function costs besides its operators.
const FUNCTION_ENTRY: u64 = 1;

/// One entry of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProfileFrame {
    /// Below all others: initialising memories, tables and globals.
    Instance,
    /// A function of the capsule by its index, imported ones counted first. Imported ones are here
    /// too.
    Function(u32),
    /// Every frame past the depth that is told apart.
    Deeper,
    /// Every stack past the number that is told apart.
    Others,
}

/// A stack, by its uppermost frame and the stack below it.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    /// The stack below, an index that is smaller than this one's; itself for the first.
    pub below: usize,
    /// The uppermost frame.
    pub frame: ProfileFrame,
    /// Fuel used while this was the whole stack.
    pub fuel: u64,
    /// How often the frame was entered from the stack below.
    pub calls: u64,
}

/// The recorder of one run.
pub(crate) struct Recorder {
    pub(crate) stacks: Vec<Stack>,
    known: HashMap<(usize, ProfileFrame), usize>,
    /// The open frames that are told apart, as indices of `stacks`, and whether the last of them
    /// stands for more than itself.
    open: Vec<usize>,
    /// Functions that were entered past the last of `open`.
    beyond: u64,
    /// Parameters by function.
    parameters: Vec<u32>,
    /// Fuel of the run at the last mark.
    seen: u64,
    /// Fuel that the run without marks used: no more than that is attributed.
    fuel_max: u64,
    prices: Prices,
}

/// What the operators of a wrapper cost.
struct Prices {
    /// Until `mark` is told that a function begins.
    before_enter: u64,
    /// Until it is told that it has ended.
    before_leave: u64,
    local_get: u64,
    call: u64,
}

impl Recorder {
    pub(crate) fn new(parameters: Vec<u32>, fuel_max: u64) -> Recorder {
        let cost = operator_cost();
        let mark = u64::from(cost.I32Const) + u64::from(cost.Call);
        let mut recorder = Recorder {
            stacks: Vec::new(),
            known: HashMap::new(),
            open: Vec::new(),
            beyond: 0,
            parameters,
            seen: 0,
            fuel_max,
            prices: Prices {
                before_enter: FUNCTION_ENTRY + mark,
                before_leave: mark,
                local_get: u64::from(cost.LocalGet),
                call: u64::from(cost.Call),
            },
        };
        recorder.add(0, ProfileFrame::Instance);
        recorder.add(0, ProfileFrame::Others);
        recorder.open.push(0);
        recorder
    }

    /// Takes a mark made when `used` units of fuel were gone; returns how many of them, and of those
    /// that the wrapper is going to use before the next mark or function, belong to the wrapper.
    pub(crate) fn mark(&mut self, word: i32, used: u64) -> u64 {
        if word == LEAVE {
            self.attribute(used.saturating_sub(self.prices.before_leave));
            self.leave();
            return self.prices.before_leave;
        }
        self.attribute(used.saturating_sub(self.prices.before_enter));
        let function = word.cast_unsigned();
        let parameters = self.parameters.get(function as usize).copied();
        self.enter(ProfileFrame::Function(function));
        self.prices.before_enter
            + u64::from(parameters.unwrap_or_default()) * self.prices.local_get
            + self.prices.call
    }

    /// Attributes what was used since the last mark to the stack that was open.
    pub(crate) fn attribute(&mut self, used: u64) {
        let used = used.min(self.fuel_max).max(self.seen);
        let top = self.top();
        if let Some(stack) = self.stacks.get_mut(top) {
            stack.fuel += used - self.seen;
        }
        self.seen = used;
    }

    /// The open stack.
    fn top(&self) -> usize {
        self.open.last().copied().unwrap_or_default()
    }

    fn enter(&mut self, frame: ProfileFrame) {
        if self.beyond > 0 {
            self.beyond += 1;
        } else if self.open.len() > STACK_FRAMES_MAX {
            self.open_stack(ProfileFrame::Deeper);
            self.beyond = 1;
        } else if !self.open_stack(frame) {
            self.beyond = 1;
        }
        let top = self.top();
        if let Some(stack) = self.stacks.get_mut(top) {
            stack.calls += 1;
        }
    }

    /// Opens the stack with `frame` above the open one. Where there are too many stacks, opens the
    /// one for all others instead and returns false.
    fn open_stack(&mut self, frame: ProfileFrame) -> bool {
        let below = self.top();
        let known = self.known.get(&(below, frame)).copied();
        let opened = match known {
            Some(stack) => Some(stack),
            None if self.stacks.len() < STACKS_MAX => Some(self.add(below, frame)),
            None => None,
        };
        // The stack for others is the second of all.
        self.open.push(opened.unwrap_or(1));
        opened.is_some()
    }

    fn leave(&mut self) {
        if self.beyond > 1 {
            self.beyond -= 1;
            return;
        }
        self.beyond = 0;
        if self.open.len() > 1 {
            self.open.pop();
        }
    }

    fn add(&mut self, below: usize, frame: ProfileFrame) -> usize {
        let index = self.stacks.len();
        self.stacks.push(Stack {
            below,
            frame,
            fuel: 0,
            calls: 0,
        });
        self.known.insert((below, frame), index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::{LEAVE, ProfileFrame, Recorder, STACK_FRAMES_MAX, STACKS_MAX};

    fn total(recorder: &Recorder) -> u64 {
        recorder.stacks.iter().map(|stack| stack.fuel).sum()
    }

    #[test]
    fn recursion_without_end_takes_a_bounded_number_of_stacks() {
        let mut recorder = Recorder::new(vec![0], 1 << 40);
        let mut used = 0;
        for _ in 0..1_000_000 {
            used += 10;
            used -= recorder.mark(0, used).min(10);
        }
        assert_eq!(recorder.stacks.len(), 2 + STACK_FRAMES_MAX + 1);
        for _ in 0..1_000_000 {
            used += 10;
            recorder.mark(LEAVE, used);
        }
        assert_eq!(recorder.open.len(), 1);
        assert_eq!(recorder.beyond, 0);
    }

    #[test]
    fn stacks_past_the_limit_share_a_frame() {
        let mut recorder = Recorder::new(Vec::new(), u64::MAX);
        let mut used = 0;
        for function in 0..20_000 {
            used += 100;
            recorder.mark(function, used);
            // A call out of a stack that is not told apart.
            recorder.mark(1, used);
            used += 100;
            recorder.mark(LEAVE, used);
            recorder.mark(LEAVE, used);
        }
        assert_eq!(recorder.stacks.len(), STACKS_MAX);
        assert_eq!(recorder.open, [0]);
        let others = recorder.stacks[1];
        assert_eq!(others.frame, ProfileFrame::Others);
        assert!(others.fuel > 0 && others.calls > 10_000);
        recorder.attribute(used);
        assert_eq!(total(&recorder), used);
    }

    #[test]
    fn no_more_is_attributed_than_the_run_used() {
        let mut recorder = Recorder::new(vec![0], 50);
        recorder.mark(0, 40);
        recorder.attribute(1_000);
        assert_eq!(total(&recorder), 50);
        // A mark that does not fit any other leaves the books in order.
        recorder.mark(LEAVE, 0);
        recorder.mark(LEAVE, 0);
        recorder.mark(LEAVE, u64::MAX);
        assert_eq!(total(&recorder), 50);
    }
}
