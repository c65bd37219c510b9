//! The keys of scenarios: what each holds, its default and what it is for. The reader takes names and
//! ranges from here, the schema is rendered from it.

mod keys;
mod step;
mod table;

pub(crate) use keys::{
    COLUMN, EXEC, FALLBACK, GROUP, PARAMETER, REPORT, RETRIES, ROOT, RUN, SCAN, TOOL,
};
pub(crate) use step::STEP;
pub(crate) use table::{KeySpec, Kind, Table, Word};

/// Characters of a name.
pub const NAME_LENGTH_MAX: usize = 64;

/// Steps of a scenario, in all blocks together.
pub const STEPS_MAX: usize = 100_000;

/// Beginning and end of an expression in a text.
pub(crate) const EXPRESSION_BEGINS: &str = "${{";
pub(crate) const EXPRESSION_ENDS: &str = "}}";
