//! Addresses and networks.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::fault::{Faulty, INVALID_ARGUMENT, LIMIT};
use super::super::limits::CIDR_HOSTS_MAX;
use super::super::val::Val;
use super::super::work::Work;
use super::conversions::excluded;

/// Characters of the longest network, `xxxx:…:xxxx/128` with an IPv4 address in it.
const NETWORK_BYTES_MAX: usize = 49;

fn network(work: &Work, text: &str) -> Faulty<IpNet> {
    let read = |text: &str| {
        let network: Option<IpNet> = text.parse().ok();
        network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    };
    Some(text)
        .filter(|text| text.len() <= NETWORK_BYTES_MAX)
        .and_then(read)
        .ok_or_else(|| {
            let message = format!(
                "a string of {} bytes is no network and no address",
                text.len()
            );
            work.fault(
                INVALID_ARGUMENT,
                message,
                "write 10.0.0.0/24, 10.0.0.1, fd00::/120 or fd00::1",
            )
        })
}

pub(super) fn cidr_hosts<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::Text(text)] = arguments else {
        return Err(excluded(work));
    };
    let network = network(work, text.as_str())?;
    let bits = network.max_prefix_len() - network.prefix_len();
    if bits > 16 {
        let message = format!(
            "the network /{} has 2^{bits} addresses; at most {CIDR_HOSTS_MAX} are given",
            network.prefix_len()
        );
        return Err(work.fault(LIMIT, message, "write smaller networks"));
    }
    work.step(1 << bits)?;
    let mut hosts = Vec::new();
    for host in network.hosts() {
        let host = host.to_string();
        work.text(host.len())?;
        hosts.push(Val::made_text(&host));
    }
    Val::made_list(work, hosts)
}

pub(super) fn in_cidr<'v>(work: &mut Work, arguments: &[Val<'v>]) -> Faulty<Val<'v>> {
    let [Val::Text(inner), Val::Text(outer)] = arguments else {
        return Err(excluded(work));
    };
    let inner = network(work, inner.as_str())?;
    let outer = network(work, outer.as_str())?;
    Ok(Val::Bool(outer.contains(&inner)))
}
