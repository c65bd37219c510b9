//! The line of `/proc/PID/stat` (proc_pid_stat(5)).

/// Index of the start time among the fields behind the name of the process: field 22, and those
/// begin with field 3.
const START_TIME: usize = 22 - 3;

/// The start of the process in clock ticks since boot.
///
/// The name in field 2 stands in parentheses and may itself have spaces, parentheses and line
/// feeds, so fields are counted from the last closing parenthesis.
pub(super) fn start_time(stat: &[u8]) -> Option<u64> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(START_TIME)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::start_time;

    const REST: &str = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 20 0 1 0 987654 22 23\n";

    #[test]
    fn names_with_spaces_and_parentheses_move_nothing() {
        for name in [
            "sleep",
            "a b",
            "a) S 1 2 3",
            "((",
            "))",
            ") 1 1 1 1 1",
            "a\nb)",
            "",
        ] {
            let line = format!("4711 ({name}) {REST}");
            assert_eq!(start_time(line.as_bytes()), Some(987_654), "{name}");
        }
    }

    #[test]
    fn what_is_no_such_line_has_no_start() {
        for bad in [
            "",
            "1",
            "1 (a",
            "1 (a)",
            "1 (a) S 1 2 3",
            "1 (a) S x x x x x x x x x x x x x x x x x x x",
        ] {
            assert_eq!(start_time(bad.as_bytes()), None, "{bad}");
        }
    }
}
