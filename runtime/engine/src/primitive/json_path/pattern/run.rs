//! Matching: all states advance together.

use tenzik_host_abi::Status;

use super::super::meter::Meter;
use super::{Class, Instruction, Mode, Program};

impl Instruction {
    /// How many steps it takes to look at this state at one place of a text.
    pub(super) fn weight(self, classes: &[Class]) -> usize {
        match self {
            Instruction::Class(class) => classes.get(class).map_or(1, Class::weight),
            _ => 1,
        }
    }
}

/// Memory that matches use one after the other.
#[derive(Default)]
pub(in super::super) struct Scratch {
    /// States that were reached at this place, in the order of discovery.
    states: Vec<usize>,
    /// The place where a state was last reached, counted from 1.
    reached: Vec<u64>,
    /// States that are to be reached at this place.
    seeds: Vec<usize>,
    place: u64,
}

impl Program {
    /// Whether the program matches the text of these code points.
    ///
    /// # Errors
    /// [`Status::TooComplex`] if `meter` runs out; at most `weight * (code points + 1)` steps are
    /// taken.
    pub(in super::super) fn matches(
        &self,
        points: impl Iterator<Item = u32>,
        mode: Mode,
        scratch: &mut Scratch,
        meter: &mut Meter,
    ) -> Result<bool, Status> {
        if self.instructions.is_empty() {
            return Ok(false);
        }
        let mut points = points.peekable();
        scratch.begin(self.instructions.len());
        let mut is_start = true;
        loop {
            let is_end = points.peek().is_none();
            if is_start || mode == Mode::Part {
                scratch.seeds.push(0);
            }
            let accepted = self.close(is_start, is_end, scratch, meter)?;
            if accepted && (is_end || mode == Mode::Part) {
                return Ok(true);
            }
            let Some(point) = points.next() else {
                return Ok(false);
            };
            self.advance(point, scratch);
            if mode == Mode::Whole && scratch.seeds.is_empty() {
                return Ok(false);
            }
            is_start = false;
        }
    }

    /// Follows everything that takes no code point; tells whether the program accepts here.
    fn close(
        &self,
        is_start: bool,
        is_end: bool,
        scratch: &mut Scratch,
        meter: &mut Meter,
    ) -> Result<bool, Status> {
        scratch.place += 1;
        scratch.states.clear();
        let (mut accepted, mut steps) = (false, 0);
        while let Some(state) = scratch.seeds.pop() {
            let (Some(instruction), Some(reached)) =
                (self.instructions.get(state), scratch.reached.get_mut(state))
            else {
                continue;
            };
            if *reached == scratch.place {
                continue;
            }
            *reached = scratch.place;
            steps += 1;
            match *instruction {
                Instruction::Point(_) | Instruction::Any => scratch.states.push(state),
                Instruction::Class(class) => {
                    steps += self.classes.get(class).map_or(0, Class::weight) - 1;
                    scratch.states.push(state);
                }
                Instruction::Split(first, second) => scratch.seeds.extend([second, first]),
                Instruction::Jump(target) => scratch.seeds.push(target),
                Instruction::Start if is_start => scratch.seeds.push(state + 1),
                Instruction::End if is_end => scratch.seeds.push(state + 1),
                Instruction::Start | Instruction::End => {}
                Instruction::Accept => accepted = true,
            }
        }
        meter.spend(steps)?;
        Ok(accepted)
    }

    /// Takes `point` in every state that does, and leaves their successors as seeds.
    fn advance(&self, point: u32, scratch: &mut Scratch) {
        for state in &scratch.states {
            let takes = match self.instructions.get(*state) {
                Some(Instruction::Point(expected)) => *expected == point,
                Some(Instruction::Any) => point != 0x0a && point != 0x0d,
                Some(Instruction::Class(class)) => self
                    .classes
                    .get(*class)
                    .is_some_and(|class| class.contains(point)),
                _ => false,
            };
            if takes {
                scratch.seeds.push(state + 1);
            }
        }
    }
}

impl Scratch {
    fn begin(&mut self, states: usize) {
        self.seeds.clear();
        if self.reached.len() < states {
            self.reached.resize(states, 0);
        }
    }
}
