//! What a module may contain, so that no small file explodes when it is compiled.

/// Largest module of the default and production profiles, in bytes.
pub const MODULE_BYTES_MAX_PRODUCTION: u64 = 5_120;

/// Percentage of the size limit from which a module is warned about.
const WARN_PERCENT: u64 = 80;

/// Limits on a module that a deployment chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleLimits {
    /// Largest accepted module in bytes, after assembly from text. Default 5,120.
    pub module_bytes_max: u64,
    /// Bytes that memories and tables (8 bytes for each element) may have together when the capsule
    /// starts. Default 32 MiB.
    pub memory_bytes_max: u64,
}

impl ModuleLimits {
    /// The size in bytes from which a module is close enough to its limit for a warning.
    pub const fn module_bytes_warn(&self) -> u64 {
        self.module_bytes_max / 100 * WARN_PERCENT
            + self.module_bytes_max % 100 * WARN_PERCENT / 100
    }
}

impl Default for ModuleLimits {
    fn default() -> Self {
        ModuleLimits {
            module_bytes_max: MODULE_BYTES_MAX_PRODUCTION,
            memory_bytes_max: 32 << 20,
        }
    }
}

/// One structural limit. They are the same in every profile: they bound the work of a compiler,
/// not the purpose of a capsule.
#[derive(Clone, Copy, Debug)]
pub struct StructureLimit {
    /// What is counted.
    pub what: &'static str,
    /// The largest accepted count.
    pub max: u64,
}

macro_rules! structure_limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $what:literal = $max:literal;)*) => {
        $($(#[doc = $doc])+ pub(crate) const $name: StructureLimit = StructureLimit { what: $what, max: $max };)*

        /// Every structural limit.
        pub const STRUCTURE_LIMITS: &[StructureLimit] = &[$($name),*];
    };
}

structure_limits! {
    /// Entries of the type section.
    TYPES: "types" = 1_000;
    /// Imports, whatever their kind.
    IMPORTS: "imports" = 100;
    /// Functions with a body.
    FUNCTIONS: "functions" = 4_000;
    /// Parameters of one function type.
    PARAMETERS: "parameters of one function" = 32;
    /// Results of one function type.
    RESULTS: "results of one function" = 16;
    /// Locals of one function, its parameters included.
    LOCALS: "locals of one function" = 2_048;
    /// Locals of all functions together.
    LOCALS_TOTAL: "locals of all functions" = 20_000;
    /// Globals.
    GLOBALS: "globals" = 1_000;
    /// Exports.
    EXPORTS: "exports" = 1_000;
    /// Tables.
    TABLES: "tables" = 10;
    /// Elements that all tables have when the capsule starts.
    TABLE_ELEMENTS: "initial table elements" = 10_000;
    /// Element segments.
    ELEMENT_SEGMENTS: "element segments" = 1_000;
    /// Data segments.
    DATA_SEGMENTS: "data segments" = 1_000;
    /// Targets of one br_table.
    BR_TABLE_TARGETS: "targets of one br_table" = 4_096;
    /// Nested blocks, loops and ifs in one function. LLVM nests one block for each case of a switch.
    NESTING: "nested blocks" = 1_024;
    /// Loops of one function.
    LOOPS: "loops of one function" = 1_000;
    /// Blocks, loops, ifs and the targets of branches of one function: each ends a stretch of code, and
    /// the work of a compiler grows faster than their number.
    BRANCHES: "blocks and branch targets of one function" = 8_192;
    /// Locals of a function multiplied by its branch targets and calls: a compiler may carry every
    /// local along every branch and keep it over every call. An access to a table counts 4 calls.
    BRANCH_LOCALS: "locals times branch targets and calls of one function" = 250_000;
}
