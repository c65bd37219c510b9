//! Whether a value fits a hole.
//!
//! What is common to all holes makes the injection of options and of lines impossible: an empty
//! value, a value with a control character and, unless the hole says otherwise, a value that begins
//! with `-` fit none.

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

use crate::hole::{Hole, HoleKind};
use crate::hostname;
use crate::path::{self, is_below};
use crate::rules::ExecRule;

/// Whether `value` fits `hole`, with the targets and trees of `rule`; otherwise why it does not.
pub(crate) fn fits(rule: &ExecRule, hole: &Hole, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err("it is empty".to_owned());
    }
    if let Some(control) = value.chars().find(|character| character.is_control()) {
        return Err(format!(
            "it holds the control character U+{:04X}",
            u32::from(control)
        ));
    }
    if value.starts_with('-') && !hole.option {
        return Err("it begins with - and could be an option".to_owned());
    }
    match &hole.kind {
        HoleKind::Integer { min, max } => integer(value, *min, *max),
        HoleKind::Ports { ports_max } => ports(value, *ports_max),
        HoleKind::Address => address(rule, value),
        HoleKind::Hostname { names } => hostname::fits(value, names),
        HoleKind::Enum { values } => match values.iter().any(|known| known == value) {
            true => Ok(()),
            false => Err(format!("it is none of the {} values", values.len())),
        },
        HoleKind::Path { below } => file_path(rule, below, value),
        HoleKind::Text { pattern, bytes_max } => {
            if value.len() > *bytes_max as usize {
                Err(format!(
                    "it has {} bytes; at most {bytes_max} fit",
                    value.len()
                ))
            } else if pattern.matches(value) {
                Ok(())
            } else {
                Err(format!(
                    "it does not match {}",
                    tenzik_capsule::escaped(pattern.source())
                ))
            }
        }
    }
}

/// A decimal number in its one form: ASCII digits, no leading zero, `-` before a negative one.
fn integer(value: &str, min: i64, max: i64) -> Result<(), String> {
    match value.parse::<i64>() {
        Ok(number) if number.to_string() != value => Err(format!("it is written {number}")),
        Ok(number) if (min..=max).contains(&number) => Ok(()),
        Ok(_) => Err(format!("it is not between {min} and {max}")),
        Err(_) => Err("it is not a decimal number".to_owned()),
    }
}

/// A port in its one form.
pub(crate) fn port(text: &str) -> Option<u16> {
    let number: u16 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

fn ports(value: &str, ports_max: u32) -> Result<(), String> {
    let mut count: u64 = 0;
    for item in value.split(',') {
        let range = match item.split_once('-') {
            Some((first, last)) => port(first).zip(port(last)),
            None => port(item).map(|port| (port, port)),
        };
        let Some((first, last)) = range.filter(|(first, last)| first <= last) else {
            return Err("it is not a list of ports such as 22,80,1-1024".to_owned());
        };
        count += u64::from(last - first) + 1;
    }
    match count <= u64::from(ports_max) {
        true => Ok(()),
        false => Err(format!("it names {count} ports; at most {ports_max} fit")),
    }
}

/// An address or network in its one form (RFC 5952 for IPv6).
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let written = |canonical: String| match canonical == text {
        true => Ok(()),
        false => Err(format!("it is written {canonical}")),
    };
    let wrong = || "it is neither an IP address nor a network such as 10.0.0.0/24".to_owned();
    let network = if text.contains('/') {
        let network: IpNet = text.parse().map_err(|_| wrong())?;
        written(network.trunc().to_string())?;
        network
    } else {
        let address: IpAddr = text.parse().map_err(|_| wrong())?;
        written(address.to_string())?;
        IpNet::from(address)
    };
    match network {
        IpNet::V6(inner) if inner.addr().to_ipv4_mapped().is_some() => {
            Err("it is an IPv4 address inside of IPv6: write the IPv4 address".to_owned())
        }
        _ => Ok(network),
    }
}

fn address(rule: &ExecRule, value: &str) -> Result<(), String> {
    let network = network(value)?;
    match rule.targets.iter().any(|target| target.covers(&network)) {
        true => Ok(()),
        false if rule.targets.is_empty() => Err("the rule has no targets".to_owned()),
        false => Err("it is not wholly inside of one of the rule's targets".to_owned()),
    }
}

fn file_path(rule: &ExecRule, below: &Path, value: &str) -> Result<(), String> {
    path::normalised(value.as_bytes())?;
    let path = Path::new(value);
    if !is_below(path, below) {
        return Err(format!("it is not below {}", path::shown(below)));
    }
    let trees = rule.read.iter().chain(&rule.write);
    match trees.into_iter().any(|tree| is_below(path, tree)) {
        true => Ok(()),
        false => Err("it is outside of the trees that the program sees".to_owned()),
    }
}
