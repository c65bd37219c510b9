//! x
use crate::suite::Test;
pub const TESTS: &[Test] = &[];
pub fn report_under(_: &str) -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
