//! x
use crate::suite::Test;
pub const TESTS: &[Test] = &[];
pub fn be_the_parent(_: &[String]) -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
