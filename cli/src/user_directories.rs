//! Where tenzik keeps what belongs to a user (XDG base directory specification).

use std::path::PathBuf;

use crate::failure::Failure;
use crate::world;

/// The directory of keys and trust: `$XDG_CONFIG_HOME/tenzik`, else `$HOME/.config/tenzik`.
pub(crate) fn config() -> Result<PathBuf, Failure> {
    let base = world::directory_variable("XDG_CONFIG_HOME")
        .or_else(|| world::directory_variable("HOME").map(|home| home.join(".config")));
    base.map(|base| base.join("tenzik")).ok_or_else(|| {
        Failure::machine(
            "no directory for keys: neither XDG_CONFIG_HOME nor HOME is set",
            "set HOME, or pass --key and --trust",
        )
    })
}

/// The machine's own key.
pub(crate) fn node_key() -> Result<PathBuf, Failure> {
    Ok(config()?.join("node.pem"))
}

/// The file of trusted keys.
pub(crate) fn trust_file() -> Result<PathBuf, Failure> {
    Ok(config()?.join("trusted_keys"))
}

/// The directory of what tenzik has to remember of runs: `$XDG_STATE_HOME/tenzik`, else
/// `$HOME/.local/state/tenzik`.
pub(crate) fn state() -> Result<PathBuf, Failure> {
    let base = world::directory_variable("XDG_STATE_HOME")
        .or_else(|| world::directory_variable("HOME").map(|home| home.join(".local/state")));
    base.map(|base| base.join("tenzik")).ok_or_else(|| {
        Failure::machine(
            "no directory for the state of runs: neither XDG_STATE_HOME nor HOME is set",
            "set HOME or XDG_STATE_HOME",
        )
    })
}

/// The directory of what can be made again: `$XDG_CACHE_HOME/tenzik`, else `$HOME/.cache/tenzik`.
pub(crate) fn cache() -> Result<PathBuf, Failure> {
    let base = world::directory_variable("XDG_CACHE_HOME")
        .or_else(|| world::directory_variable("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("tenzik")).ok_or_else(|| {
        Failure::machine(
            "no directory for caches: neither XDG_CACHE_HOME nor HOME is set",
            "set HOME or XDG_CACHE_HOME",
        )
    })
}

/// What the user allows at most.
pub(crate) fn ceiling_file() -> Result<PathBuf, Failure> {
    Ok(config()?.join("ceiling.toml"))
}

/// Directories that no program behind the gate is given, besides the state directory.
pub(crate) fn own() -> impl Iterator<Item = PathBuf> {
    [config(), cache()].into_iter().flatten()
}
