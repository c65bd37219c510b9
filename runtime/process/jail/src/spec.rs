//! What the helper is told: one program and everything that bounds it.

use std::net::IpAddr;

use crate::layer::LayerSet;

/// One program and everything that bounds it. The program itself and its standard streams are descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JailSpec {
    /// Absolute path of the program, for messages and for its name inside.
    pub program: Vec<u8>,
    /// What its file looked like when it was examined; it is not executed if that changed.
    pub stamp: FileStamp,
    /// All arguments, the first one is what the program is called.
    pub arguments: Vec<Vec<u8>>,
    /// Its whole environment, `NAME=value` each.
    pub environment: Vec<Vec<u8>>,
    /// Absolute working directory inside of its root.
    pub cwd: Vec<u8>,
    /// Absolute paths that it may read and execute.
    pub read: Vec<Vec<u8>>,
    /// Absolute paths that it may write to.
    pub write: Vec<Vec<u8>>,
    /// What of the network it reaches.
    pub network: Network,
    /// Numeric bounds.
    pub bounds: Bounds,
    /// Layers without which it is not started.
    pub require: LayerSet,
    /// Layers that are left out as if the machine did not provide them, for tests of degradation.
    pub without: LayerSet,
    /// User and group to run as when started as root; not 0.
    pub user: u32,
}

/// What identifies a file and its contents as far as the file system tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStamp {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Bytes.
    pub bytes: u64,
    /// Seconds and nanoseconds of the last modification.
    pub modified: (i64, i64),
    /// Seconds and nanoseconds of the last change of the inode.
    pub changed: (i64, i64),
}

/// Numeric bounds of a process and its descendants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Milliseconds from the start of the helper to the end of the tree.
    pub deadline_ms: u64,
    /// Address space of each process, in bytes.
    pub memory_bytes_max: u64,
    /// Processes and threads at a time.
    pub processes_max: u32,
    /// Size of the largest file it may write, in bytes.
    pub file_bytes_max: u64,
    /// Open descriptors of each process.
    pub descriptors_max: u32,
    /// Bytes of its private `/tmp`.
    pub tmp_bytes_max: u64,
}

impl Default for Bounds {
    /// A minute, 1 GiB, 32 processes, files of 64 MiB, 1,024 descriptors, 64 MiB of `/tmp`.
    fn default() -> Bounds {
        Bounds {
            deadline_ms: 60_000,
            memory_bytes_max: 1 << 30,
            processes_max: 32,
            file_bytes_max: 64 << 20,
            descriptors_max: 1024,
            tmp_bytes_max: 64 << 20,
        }
    }
}

/// What of the network a process reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// Nothing, not even loopback.
    #[default]
    None,
    /// TCP and UDP of these targets, as a client.
    Targets(Vec<Target>),
    /// Whatever the machine reaches.
    Host,
}

/// Addresses, ports and protocol that may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The protocol; `None` for both.
    pub protocol: Option<Protocol>,
    /// First address of the range.
    pub address: IpAddr,
    /// Bits of `address` that count: up to 32 or 128.
    pub prefix: u8,
    /// First and last port.
    pub ports: (u16, u16),
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Target {
    /// Whether it holds `address` and `port` for `protocol`. An IPv4-mapped IPv6 address counts as the IPv4 one.
    pub fn holds(&self, protocol: Protocol, address: IpAddr, port: u16) -> bool {
        self.protocol.is_none_or(|own| own == protocol)
            && (self.ports.0..=self.ports.1).contains(&port)
            && same_prefix(
                self.address.to_canonical(),
                address.to_canonical(),
                self.canonical_prefix(),
            )
    }

    /// The prefix in bits of the canonical address.
    fn canonical_prefix(&self) -> u8 {
        match (self.address, self.address.to_canonical()) {
            (IpAddr::V6(_), IpAddr::V4(_)) => self.prefix.saturating_sub(96),
            _ => self.prefix,
        }
    }
}

fn same_prefix(left: IpAddr, right: IpAddr, prefix: u8) -> bool {
    match (left, right) {
        (IpAddr::V4(left), IpAddr::V4(right)) => {
            let kept = u32::MAX
                .checked_shl(32 - u32::from(prefix.min(32)))
                .unwrap_or(0);
            left.to_bits() & kept == right.to_bits() & kept
        }
        (IpAddr::V6(left), IpAddr::V6(right)) => {
            let kept = u128::MAX
                .checked_shl(128 - u32::from(prefix.min(128)))
                .unwrap_or(0);
            left.to_bits() & kept == right.to_bits() & kept
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: &str, prefix: u8) -> Target {
        Target {
            protocol: None,
            address: address.parse().unwrap(),
            prefix,
            ports: (1, 100),
        }
    }

    #[test]
    fn ranges_hold_what_they_name() {
        let check = |range: Target, address: &str, port| {
            range.holds(Protocol::Tcp, address.parse().unwrap(), port)
        };
        assert!(check(target("127.0.0.0", 8), "127.9.9.9", 1));
        assert!(!check(target("127.0.0.0", 8), "128.0.0.0", 1));
        assert!(!check(target("127.0.0.0", 8), "127.0.0.1", 101));
        assert!(check(target("127.0.0.0", 8), "::ffff:127.0.0.1", 100));
        assert!(check(target("::ffff:10.0.0.0", 104), "10.1.2.3", 5));
        assert!(check(target("0.0.0.0", 0), "9.9.9.9", 5));
        assert!(!check(target("0.0.0.0", 0), "::1", 5));
        assert!(check(target("::", 0), "::1", 5));
        assert!(!check(target("::", 0), "127.0.0.1", 5));
        assert!(!check(target("::1", 128), "::2", 5));
        let udp = Target {
            protocol: Some(Protocol::Udp),
            ..target("::1", 128)
        };
        assert!(!udp.holds(Protocol::Tcp, "::1".parse().unwrap(), 5));
    }
}
