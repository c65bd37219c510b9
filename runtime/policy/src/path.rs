//! Absolute paths, looked at as text. What links do to them is the business of whoever opens them.

use std::path::Path;

/// Bytes of a path: what Linux takes, without the NUL at its end.
pub const PATH_BYTES_MAX: usize = 4_095;

/// Bytes of one component of a path.
const COMPONENT_BYTES_MAX: usize = 255;

/// Whether `path` is absolute and normalised: no `.`, `..` or empty component, no NUL, no slash at
/// the end except for `/` itself.
pub(crate) fn normalised(path: &[u8]) -> Result<(), String> {
    if path.len() > PATH_BYTES_MAX {
        return Err(format!(
            "it has {} bytes; a path has at most {PATH_BYTES_MAX}",
            path.len()
        ));
    }
    if path.contains(&0) {
        return Err("it holds a NUL".to_owned());
    }
    let Some(rest) = path.strip_prefix(b"/") else {
        return Err("it is not an absolute path".to_owned());
    };
    if rest.is_empty() {
        return Ok(());
    }
    for component in rest.split(|byte| *byte == b'/') {
        match component {
            b"" => return Err("it holds an empty component (//, or / at its end)".to_owned()),
            b"." => return Err("it holds the component .".to_owned()),
            b".." => return Err("it holds the component ..".to_owned()),
            long if long.len() > COMPONENT_BYTES_MAX => {
                return Err(format!(
                    "it holds a component of {} bytes; at most {COMPONENT_BYTES_MAX} are possible",
                    long.len()
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether `path` is `tree` or below it. Both are normalised.
pub(crate) fn is_below(path: &Path, tree: &Path) -> bool {
    path.starts_with(tree)
}

/// A path for people's eyes.
pub(crate) fn shown(path: &Path) -> String {
    tenzik_capsule::escaped(&path.to_string_lossy())
}
