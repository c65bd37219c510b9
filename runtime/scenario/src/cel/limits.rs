//! The bounds of expressions and templates. None of them can be raised: an expression that needs more
//! belongs into a capsule.

/// Bytes of an expression's text.
pub const SOURCE_BYTES_MAX: usize = 8 * 1024;
/// Brackets, calls and operators inside of one another; operators of one kind side by side count once.
pub const NESTING_MAX: u16 = 64;
/// `all`, `exists`, `exists_one`, `map` and `filter` inside of one another.
pub const COMPREHENSION_DEPTH_MAX: usize = 3;
/// Steps of one evaluation: one for each operator, name and literal each time it is evaluated, and
/// more for functions that go through long texts and lists.
pub const STEPS_MAX: u64 = 1_000_000;
/// Bytes of all values that one evaluation makes, those it throws away included.
pub const PRODUCED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Elements of a list, and entries of a map, that an expression makes.
pub const LIST_ELEMENTS_MAX: usize = 100_000;
/// Bytes of a string, or of bytes, that an expression makes.
pub const STRING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Lists and maps inside of one another in a value that an expression makes. Less than the 128 that
/// readers of JSON accept, as values are kept inside of other JSON.
pub const VALUE_DEPTH_MAX: u16 = 96;
/// Addresses that `cidr_hosts` gives.
pub const CIDR_HOSTS_MAX: usize = 65_536;
/// Bytes of a regular expression.
pub const PATTERN_BYTES_MAX: usize = 1024;
/// Bytes of a regular expression's program.
pub const PATTERN_PROGRAM_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a template's text.
pub const TEMPLATE_BYTES_MAX: usize = 1024 * 1024;
/// Expressions in a template.
pub const TEMPLATE_EXPRESSIONS_MAX: usize = 1_000;
