//! Function bodies: wasmparser's validation and the structural limits, in one pass.

use wasmparser::{
    BinaryReader, BinaryReaderError, FuncValidator, FunctionBody, ValidatorResources,
};

use crate::finding::{Finding, FindingCode, Location};
use crate::limits::{
    BR_TABLE_TARGETS, BRANCH_LOCALS, BRANCHES, LOCALS, LOCALS_TOTAL, LOOPS, NESTING, StructureLimit,
};

const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const IF: u8 = 0x04;
const BR: u8 = 0x0c;
const BR_IF: u8 = 0x0d;
const BR_TABLE: u8 = 0x0e;
const CALL: u8 = 0x10;
const CALL_INDIRECT: u8 = 0x11;
const TABLE_GET: u8 = 0x25;
const TABLE_SET: u8 = 0x26;
const MEMORY_GROW: u8 = 0x40;
/// Before the bulk operations on memories and tables, which call the engine, and conversions.
const PREFIX: u8 = 0xfc;

/// What a local carried along a branch takes, where one carried around a loop takes as much as there
/// are of them: from measurements.
const BRANCH_EFFORT: u64 = 50;

/// What a call takes without any local.
const CALL_EFFORT: u64 = 500;

/// Calls that an operator counts for which looks something up in a table first.
const TABLE_CALLS: u64 = 4;

/// Counts over all function bodies of a module.
#[derive(Default)]
pub(crate) struct Functions {
    locals_total: u64,
    locals_total_reported: bool,
    pub(crate) register_effort: u64,
}

/// What one body exceeds; each limit is reported once for a function.
struct BodyLimits {
    nesting: Option<usize>,
    br_table: Option<(usize, u64)>,
    loops: u64,
    calls: u64,
    branches: u64,
    last_branch: usize,
}

impl Functions {
    /// Validates one body and checks its structural limits. `Err` is wasmparser's verdict; findings
    /// of our own are added to `findings` either way.
    pub(crate) fn check(
        &mut self,
        body: &FunctionBody<'_>,
        index: u32,
        validator: &mut FuncValidator<ValidatorResources>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), BinaryReaderError> {
        let mut reader = body.get_binary_reader();
        let start = body.range().start;
        validator.read_locals(&mut reader)?;
        let locals = u64::from(validator.len_locals());
        self.check_locals(locals, start, index, findings);
        let mut limits = BodyLimits {
            nesting: None,
            br_table: None,
            loops: 0,
            calls: 0,
            branches: 0,
            last_branch: start,
        };
        while !reader.eof() {
            let offset = reader.original_position();
            let ahead = reader.clone();
            reader.visit_operator(&mut validator.visitor(offset))??;
            limits.see(ahead, offset, validator.control_stack_height())?;
        }
        reader.finish_expression(&validator.visitor(reader.original_position()))?;
        limits.report(locals, index, findings);
        self.register_effort = self
            .register_effort
            .saturating_add(limits.register_effort(locals));
        Ok(())
    }

    fn check_locals(
        &mut self,
        locals: u64,
        offset: usize,
        index: u32,
        findings: &mut Vec<Finding>,
    ) {
        self.locals_total = self.locals_total.saturating_add(locals);
        if locals > LOCALS.max {
            findings.push(over(LOCALS, locals, Location::in_function(offset, index)));
        }
        if self.locals_total > LOCALS_TOTAL.max && !self.locals_total_reported {
            self.locals_total_reported = true;
            findings.push(over(
                LOCALS_TOTAL,
                self.locals_total,
                Location::in_function(offset, index),
            ));
        }
    }
}

impl BodyLimits {
    /// Looks at the opcode of the operator at which `ahead` stands; the validator has accepted it.
    /// Opcodes: core specification, section 5.4.1.
    fn see(
        &mut self,
        mut ahead: BinaryReader<'_>,
        offset: usize,
        height: u32,
    ) -> Result<(), BinaryReaderError> {
        match ahead.read_u8()? {
            opcode @ BLOCK..=IF => {
                self.branches += 1;
                self.loops += u64::from(opcode == LOOP);
                // The function itself counts as the outermost block.
                if u64::from(height) > NESTING.max + 1 && self.nesting.is_none() {
                    self.nesting = Some(offset);
                }
            }
            BR | BR_IF => {
                self.branches += 1;
                self.last_branch = offset;
            }
            BR_TABLE => {
                let count = u64::from(ahead.read_var_u32()?) + 1;
                self.branches = self.branches.saturating_add(count);
                self.last_branch = offset;
                if count > BR_TABLE_TARGETS.max && self.br_table.is_none() {
                    self.br_table = Some((offset, count));
                }
            }
            CALL | MEMORY_GROW | PREFIX => self.calls += 1,
            CALL_INDIRECT | TABLE_GET | TABLE_SET => self.calls += TABLE_CALLS,
            _ => {}
        }
        Ok(())
    }

    /// Places at which every local has to be somewhere.
    fn ways(&self) -> u64 {
        self.branches.saturating_add(self.calls)
    }

    /// See [`Capsule::register_effort`](crate::Capsule::register_effort).
    fn register_effort(&self, locals: u64) -> u64 {
        // The fuel counter is carried like a local.
        let carried = locals.saturating_add(1);
        let loop_locals = self.loops.saturating_mul(carried);
        let branch_locals = self.ways().saturating_mul(carried);
        loop_locals
            .saturating_mul(loop_locals)
            .saturating_add(branch_locals.saturating_mul(BRANCH_EFFORT))
            .saturating_add(self.calls.saturating_mul(CALL_EFFORT))
    }

    fn report(&self, locals: u64, index: u32, findings: &mut Vec<Finding>) {
        if let Some(offset) = self.nesting {
            let location = Location::in_function(offset, index);
            findings.push(over(NESTING, NESTING.max + 1, location));
        }
        if let Some((offset, count)) = self.br_table {
            findings.push(over(
                BR_TABLE_TARGETS,
                count,
                Location::in_function(offset, index),
            ));
        }
        if self.loops > LOOPS.max {
            let location = Location::in_function(self.last_branch, index);
            findings.push(over(LOOPS, self.loops, location));
        }
        if self.branches > BRANCHES.max {
            let location = Location::in_function(self.last_branch, index);
            findings.push(over(BRANCHES, self.branches, location));
        }
        let product = self.ways().saturating_mul(locals);
        if product > BRANCH_LOCALS.max {
            findings.push(over(
                BRANCH_LOCALS,
                product,
                Location::in_function(self.last_branch, index),
            ));
        }
    }
}

/// A count over its limit.
pub(crate) fn over(limit: StructureLimit, count: u64, location: Location) -> Finding {
    let message = format!(
        "has {count} {}; at most {} are accepted",
        limit.what, limit.max
    );
    Finding::error(FindingCode::StructureLimit, location, message)
}
