//! From an expression to a program.

use tenzik_host_abi::Status;

use super::parse::Expression;
use super::{Class, Instruction, Program};

/// Compiles `expression`. Time and memory are bounded by `weight_max`, however often parts are
/// repeated.
pub(super) fn compile(
    expression: &Expression,
    classes: Vec<Class>,
    weight_max: usize,
) -> Result<Program, Status> {
    let mut compiler = Compiler {
        instructions: Vec::new(),
        classes,
        weight: 0,
        visits: 0,
        weight_max,
    };
    compiler.expression(expression)?;
    compiler.add(Instruction::Accept)?;
    let Compiler {
        instructions,
        classes,
        weight,
        ..
    } = compiler;
    Ok(Program {
        instructions,
        classes,
        weight,
    })
}

struct Compiler {
    instructions: Vec<Instruction>,
    classes: Vec<Class>,
    weight: usize,
    /// Expressions visited; repetitions of nothing add no instructions but take time.
    visits: usize,
    weight_max: usize,
}

impl Compiler {
    fn expression(&mut self, expression: &Expression) -> Result<(), Status> {
        self.visits += 1;
        if self.visits > 4 * self.weight_max {
            return Err(Status::TooComplex);
        }
        match expression {
            Expression::Point(point) => self.add(Instruction::Point(*point)).map(drop),
            Expression::Any => self.add(Instruction::Any).map(drop),
            Expression::Class(class) => self.add(Instruction::Class(*class)).map(drop),
            Expression::Start => self.add(Instruction::Start).map(drop),
            Expression::End => self.add(Instruction::End).map(drop),
            Expression::Sequence(pieces) => {
                pieces.iter().try_for_each(|piece| self.expression(piece))
            }
            Expression::Choice(branches) => self.choice(branches),
            Expression::Repeat {
                expression,
                min,
                max,
            } => {
                for _ in 0..*min {
                    self.expression(expression)?;
                }
                match max {
                    None => self.any_number(expression),
                    Some(max) => self.at_most(expression, max - min),
                }
            }
        }
    }

    fn choice(&mut self, branches: &[Expression]) -> Result<(), Status> {
        let Some((last, others)) = branches.split_last() else {
            return Ok(());
        };
        let mut jumps = Vec::with_capacity(others.len());
        for branch in others {
            let split = self.add(Instruction::Split(0, 0))?;
            self.expression(branch)?;
            jumps.push(self.add(Instruction::Jump(0))?);
            self.instructions[split] = Instruction::Split(split + 1, self.instructions.len());
        }
        self.expression(last)?;
        for jump in jumps {
            self.instructions[jump] = Instruction::Jump(self.instructions.len());
        }
        Ok(())
    }

    fn any_number(&mut self, expression: &Expression) -> Result<(), Status> {
        let split = self.add(Instruction::Split(0, 0))?;
        self.expression(expression)?;
        self.add(Instruction::Jump(split))?;
        self.instructions[split] = Instruction::Split(split + 1, self.instructions.len());
        Ok(())
    }

    fn at_most(&mut self, expression: &Expression, times: u32) -> Result<(), Status> {
        let mut splits = Vec::new();
        for _ in 0..times {
            splits.push(self.add(Instruction::Split(0, 0))?);
            self.expression(expression)?;
        }
        for split in splits {
            self.instructions[split] = Instruction::Split(split + 1, self.instructions.len());
        }
        Ok(())
    }

    /// Adds `instruction` and returns its place.
    fn add(&mut self, instruction: Instruction) -> Result<usize, Status> {
        self.weight += instruction.weight(&self.classes);
        if self.weight > self.weight_max {
            return Err(Status::TooComplex);
        }
        self.instructions.push(instruction);
        Ok(self.instructions.len() - 1)
    }
}
