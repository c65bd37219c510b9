//! Targets as policies write them: `127.0.0.0/8`, `tcp:10.0.0.0/24:1-1024`, `udp:[2001:db8::/32]:53`.

use crate::rules::{Protocol, TargetRange};
use crate::value;

/// Reads one target.
pub(crate) fn target(text: &str) -> Result<TargetRange, String> {
    let (protocol, rest) = match text.split_once(':') {
        Some(("tcp", rest)) => (Some(Protocol::Tcp), rest),
        Some(("udp", rest)) => (Some(Protocol::Udp), rest),
        _ => (None, text),
    };
    let (network, ports) = if let Some(inner) = rest.strip_prefix('[') {
        let (network, behind) = inner
            .split_once(']')
            .ok_or_else(|| "its bracket is not closed".to_owned())?;
        let ports = behind
            .strip_prefix(':')
            .ok_or_else(|| "ports stand behind the bracket".to_owned())?;
        (network, Some(ports))
    } else if let Some((network, ports)) = rest
        .split_once(':')
        .filter(|(_, ports)| !ports.contains(':'))
    {
        (network, Some(ports))
    } else {
        (rest, None)
    };
    Ok(TargetRange {
        protocol,
        network: value::network(network)?,
        ports: ports.map_or(Ok(TargetRange::ALL_PORTS), port_range)?,
    })
}

fn port_range(text: &str) -> Result<(u16, u16), String> {
    let range = match text.split_once('-') {
        Some((first, last)) => value::port(first).zip(value::port(last)),
        None => value::port(text).map(|port| (port, port)),
    };
    range
        .filter(|(first, last)| first <= last)
        .ok_or_else(|| "its ports are neither PORT nor FIRST-LAST, from 1 to 65535".to_owned())
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn targets_are_read_as_they_are_shown() {
        for text in [
            "127.0.0.0/8",
            "::1/128",
            "tcp:10.0.0.0/24:1-1024",
            "udp:[2001:db8::/32]:53",
            "udp:2001:db8::/32",
            "10.0.0.1/32:80",
            "[::1/128]:80",
        ] {
            assert_eq!(target(text).unwrap().to_string(), text);
        }
        assert_eq!(target("10.0.0.1").unwrap(), target("10.0.0.1/32").unwrap());
        assert_eq!(target("::1").unwrap(), target("::1/128").unwrap());
    }

    #[test]
    fn what_could_mean_two_things_is_no_target() {
        for text in [
            "",
            "localhost",
            "10.0.0.1/24",
            "010.0.0.1",
            "10.1",
            "10.0.0.0/33",
            "10.0.0.1:0",
            "10.0.0.1:",
            "10.0.0.1:80-",
            "10.0.0.1:2-1",
            "10.0.0.1:080",
            "10.0.0.1:65536",
            "sctp:10.0.0.1",
            "TCP:10.0.0.1",
            "::ffff:1.2.3.4",
            "::ffff:0:0/96",
            "[::1]",
            "[::1",
            "[::1]80",
            "::1%lo",
            "0:0::1",
            "::A",
            " ::1",
            "10.0.0.1 ",
            "10.0.0.0/08",
            "::1:80:90:1-",
        ] {
            assert!(target(text).is_err(), "{text}");
        }
    }
}
