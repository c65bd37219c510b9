//! Targets as they are written: addresses, names of hosts, and networks.

use std::net::IpAddr;

use ipnet::IpNet;

/// Longest name of a host.
const NAME_BYTES_MAX: usize = 1_024;

/// An address, or a name.
pub(crate) enum Host {
    /// An address.
    Address(IpAddr),
    /// A name, as it is written.
    Name(String),
}

/// What a group leaves out.
pub(crate) enum LeftOut {
    /// Addresses.
    Network(IpNet),
    /// A name.
    Name(String),
}

/// A text that is no target.
pub(crate) struct NoTarget {
    /// What it is not.
    pub(crate) message: String,
    /// What is.
    pub(crate) remedy: String,
}

/// An address, or a name; nothing that a program might take for an option.
pub(crate) fn host(text: &str) -> Result<Host, NoTarget> {
    if let Ok(address) = text.parse() {
        return Ok(Host::Address(address));
    }
    let bad = text.is_empty()
        || text.len() > NAME_BYTES_MAX
        || text.starts_with('-')
        || is_like_network(text)
        || text
            .chars()
            .any(|letter| letter.is_control() || letter.is_whitespace());
    if bad {
        return Err(NoTarget {
            message: format!("\"{}\" is no address and no name of a host", shown(text)),
            remedy: format!(
                "names have 1 to {NAME_BYTES_MAX} bytes, no spaces or controls, no - first; networks go under cidrs"
            ),
        });
    }
    Ok(Host::Name(text.to_owned()))
}

/// A network, without the bits behind its prefix; an address alone is a network of one.
pub(crate) fn network(text: &str) -> Result<IpNet, NoTarget> {
    let parsed = text
        .parse::<IpNet>()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    parsed
        .map(|network| network.trunc())
        .ok_or_else(|| NoTarget {
            message: format!("\"{}\" is no network", shown(text)),
            remedy: "write ADDRESS/BITS, such as 10.0.0.0/24".to_owned(),
        })
}

/// What a group leaves out: a network, an address or a name.
pub(crate) fn left_out(text: &str) -> Result<LeftOut, NoTarget> {
    if is_like_network(text) {
        return network(text).map(LeftOut::Network);
    }
    Ok(match host(text)? {
        Host::Address(address) => LeftOut::Network(IpNet::from(address)),
        Host::Name(name) => LeftOut::Name(name),
    })
}

/// Whether a text was meant as a network, and may be none: an address and a slash.
fn is_like_network(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok())
}

fn shown(text: &str) -> String {
    text.chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect()
}
