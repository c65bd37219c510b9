//! Messages of failures: short enough for rows, events and people.

/// Most bytes of a message.
const MESSAGE_BYTES_MAX: usize = 4 << 10;

/// What stands for the rest.
const CUT: &str = "… (cut)";

/// The message, or its beginning. Secrets are to be masked before: half of one would be none.
pub(super) fn bounded(mut message: String) -> String {
    if message.len() > MESSAGE_BYTES_MAX {
        message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX - CUT.len()));
        message.push_str(CUT);
        message.shrink_to_fit();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_cut_between_characters() {
        let short = "é".repeat(2_048);
        assert_eq!(bounded(short.clone()), short);
        let cut = bounded(format!("a{}", "é".repeat(1 << 20)));
        assert!(cut.len() <= 4_096 && cut.ends_with("é… (cut)"));
    }
}
