//! DNS names as arguments (RFC 1123, 2.1: letters, digits and hyphens).

/// Characters of a name.
const NAME_MAX: usize = 253;

/// Characters of one label.
const LABEL_MAX: usize = 63;

/// Whether `value` is a DNS name and one of `names`, or below one that begins with `*.`.
pub(crate) fn fits(value: &str, names: &[String]) -> Result<(), String> {
    check(value)?;
    let admits = |name: &String| match name.strip_prefix("*.") {
        None => value.eq_ignore_ascii_case(name),
        Some(suffix) => value
            .len()
            .checked_sub(suffix.len() + 1)
            .and_then(|at| value.split_at_checked(at))
            .is_some_and(|(host, rest)| {
                !host.is_empty() && rest.starts_with('.') && rest[1..].eq_ignore_ascii_case(suffix)
            }),
    };
    match names.iter().any(admits) {
        true => Ok(()),
        false => Err("it is none of the names".to_owned()),
    }
}

/// Whether `value` is a DNS name and nothing else: no address in any notation that a resolver takes
/// for one, such as `127.1` or `0x7f000001`, no dot at its end, no underscore.
pub(crate) fn check(value: &str) -> Result<(), String> {
    if value.len() > NAME_MAX {
        return Err(format!(
            "it has {} characters; a DNS name has at most {NAME_MAX}",
            value.len()
        ));
    }
    let is_label = |label: &str| {
        (1..=LABEL_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !value.split('.').all(is_label) {
        return Err("it is not a DNS name of letters, digits, hyphens and dots".to_owned());
    }
    let last = value.rsplit('.').next().unwrap_or_default();
    let is_hexadecimal = last.len() > 1
        && last[..2].eq_ignore_ascii_case("0x")
        && last[2..].bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("its last label is a number: a resolver takes it for an address".to_owned());
    }
    Ok(())
}
