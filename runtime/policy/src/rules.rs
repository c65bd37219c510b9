//! What a policy grants besides pure capabilities: programs, trees, signals, artifacts, secrets.
//!
//! Plain data. The decisions over it are pure.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tenzik_host_abi::{Capability, CapabilitySet};

use crate::hole::{ArgumentPattern, Template};

/// Where a rule stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line, from 1; 0 for the file as a whole.
    pub line: u32,
}

impl fmt::Display for Origin {
    /// `FILE:LINE`, or `FILE` for a file as a whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Every rule of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Programs that may be started, in the order of the file.
    pub exec: Vec<ExecRule>,
    /// Trees in which files may be touched.
    pub files: Vec<FileTree>,
    /// Processes that may be signalled.
    pub signals: Vec<SignalRule>,
    /// Whether artifacts may be written.
    pub artifacts: Option<ArtifactGrant>,
    /// Secrets that may be used.
    pub secrets: Vec<SecretGrant>,
}

/// A program that may be started, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecRule {
    /// What requests call it: their first argument.
    pub name: String,
    /// Absolute path of the executable.
    pub program: PathBuf,
    /// Whether `program` may be a symbolic link.
    pub follow: bool,
    /// BLAKE3 digest of the executable.
    pub blake3: Option<[u8; 32]>,
    /// What the arguments behind the name must look like.
    pub arguments: Vec<ArgumentPattern>,
    /// Templates of ceilings. The arguments must fit each of them too.
    pub bounds: Vec<Template>,
    /// Fixed variables of its environment.
    pub env: Vec<(String, EnvValue)>,
    /// Variables taken from tenzik's own environment.
    pub pass_env: Vec<String>,
    /// Working directory inside of its root.
    pub cwd: PathBuf,
    /// Whether a capsule may write to its standard input.
    pub stdin: bool,
    /// Bytes that may be written to its standard input.
    pub stdin_bytes_max: u64,
    /// Bytes that it may write to standard output.
    pub stdout_bytes_max: u64,
    /// Bytes that it may write to standard error.
    pub stderr_bytes_max: u64,
    /// Milliseconds from its start to its end.
    pub deadline_ms: u64,
    /// Processes of this rule that may run at a time, in one run.
    pub concurrency_max: u32,
    /// Address space of each of its processes, in bytes.
    pub memory_bytes_max: u64,
    /// Processes and threads that it may have at a time.
    pub processes_max: u32,
    /// Size of the largest file that it may write, in bytes.
    pub file_bytes_max: u64,
    /// What of the network it reaches.
    pub network: NetworkScope,
    /// What its addresses may name, and what it reaches where the scope is `targets`. Where the scope
    /// is `host` and none are written, every address.
    pub targets: Vec<TargetRange>,
    /// Trees and files that it sees.
    pub read: Vec<PathBuf>,
    /// Trees that it may write to.
    pub write: Vec<PathBuf>,
    /// Layers of isolation without which it is not started.
    pub require: Vec<Layer>,
    /// Where the rule stands.
    pub origin: Origin,
}

/// A value in the environment of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvValue {
    /// The value itself.
    Text(String),
    /// The value of the secret with this name.
    Secret(String),
}

/// What of the network a process reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkScope {
    /// Nothing.
    #[default]
    None,
    /// The granted targets.
    Targets,
    /// Whatever the machine reaches.
    Host,
}

/// Addresses, ports and protocol of a granted target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetRange {
    /// The protocol; `None` for both.
    pub protocol: Option<Protocol>,
    /// The addresses.
    pub network: IpNet,
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

impl Protocol {
    /// Its name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

impl NetworkScope {
    /// Its name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            NetworkScope::None => "none",
            NetworkScope::Targets => "targets",
            NetworkScope::Host => "host",
        }
    }
}

impl fmt::Display for TargetRange {
    /// As policies write it: `tcp:10.0.0.0/24:1-1024`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(protocol) = self.protocol {
            write!(f, "{}:", protocol.name())?;
        }
        let is_bracketed = self.ports != TargetRange::ALL_PORTS && self.network.addr().is_ipv6();
        match is_bracketed {
            true => write!(f, "[{}]", self.network)?,
            false => write!(f, "{}", self.network)?,
        }
        match self.ports {
            TargetRange::ALL_PORTS => Ok(()),
            (first, last) if first == last => write!(f, ":{first}"),
            (first, last) => write!(f, ":{first}-{last}"),
        }
    }
}

impl TargetRange {
    /// Every port.
    pub const ALL_PORTS: (u16, u16) = (0, u16::MAX);

    /// All addresses.
    pub fn everything() -> [TargetRange; 2] {
        let all = |network| TargetRange {
            protocol: None,
            network,
            ports: TargetRange::ALL_PORTS,
        };
        [
            all(IpNet::V4(Ipv4Net::default())),
            all(IpNet::V6(Ipv6Net::default())),
        ]
    }

    /// Whether it holds the whole of `network`, for any port.
    pub fn covers(&self, network: &IpNet) -> bool {
        self.network.contains(network)
    }

    /// Whether it holds this end of a connection. An IPv4 address inside of IPv6 (`::ffff:a.b.c.d`)
    /// counts as the IPv4 address that it stands for.
    pub fn admits(&self, protocol: Protocol, address: IpAddr, port: u16) -> bool {
        self.protocol.is_none_or(|own| own == protocol)
            && self.network.contains(&address.to_canonical())
            && (self.ports.0..=self.ports.1).contains(&port)
    }

    /// What both hold.
    #[must_use]
    pub fn intersection(&self, other: &TargetRange) -> Option<TargetRange> {
        let protocol = match (self.protocol, other.protocol) {
            (None, protocol) | (protocol, None) => protocol,
            (own, its) if own == its => own,
            _ => return None,
        };
        let network = match () {
            () if other.network.contains(&self.network) => self.network,
            () if self.network.contains(&other.network) => other.network,
            () => return None,
        };
        let ports = (
            self.ports.0.max(other.ports.0),
            self.ports.1.min(other.ports.1),
        );
        (ports.0 <= ports.1).then_some(TargetRange {
            protocol,
            network,
            ports,
        })
    }
}

impl ExecRule {
    /// Whether its process may reach this end of a connection.
    pub fn reaches(&self, protocol: Protocol, address: IpAddr, port: u16) -> bool {
        match self.network {
            NetworkScope::None => false,
            NetworkScope::Host => true,
            NetworkScope::Targets => self
                .targets
                .iter()
                .any(|target| target.admits(protocol, address, port)),
        }
    }
}

impl Rules {
    /// The capabilities that follow from the rules.
    pub fn grants(&self) -> CapabilitySet {
        let granted = [
            (Capability::Artifact, self.artifacts.is_some()),
            (Capability::Exec, !self.exec.is_empty()),
            (
                Capability::FileRead,
                self.files.iter().any(|tree| tree.read),
            ),
            (
                Capability::FileWrite,
                self.files.iter().any(|tree| tree.write || tree.append),
            ),
            (Capability::ProcessSignal, !self.signals.is_empty()),
            (Capability::Secret, !self.secrets.is_empty()),
        ];
        granted
            .into_iter()
            .filter(|(_, is_granted)| *is_granted)
            .fold(CapabilitySet::EMPTY, |set, (capability, _)| {
                set.with(capability)
            })
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        *self == Rules::default()
    }
}

macro_rules! layers {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)*) => {
        /// A layer of isolation around a process.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Layer {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Layer {
            /// Every layer.
            pub const ALL: &[Layer] = &[$(Layer::$name),*];

            /// Its name in policies, usage and receipts.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Layer::$name => $text,)*
                }
            }
        }
    };
}

layers! {
    /// The tree connects to granted targets only, through a broker.
    Broker = "broker",
    /// A control group bounds memory and processes of the whole tree.
    Cgroup = "cgroup",
    /// No descriptor but the standard ones is inherited.
    CloseFds = "close_fds",
    /// Own System V and POSIX message queues and shared memory.
    Ipcns = "ipcns",
    /// Landlock bounds paths.
    Landlock = "landlock",
    /// A fresh root with the granted trees only.
    Mountns = "mountns",
    /// No network, not even loopback.
    Netns = "netns",
    /// No execution gains privileges.
    NoNewPrivs = "no_new_privs",
    /// The tree has an init of its own and dies with it.
    Pidns = "pidns",
    /// Resource limits of each process.
    Rlimits = "rlimits",
    /// A filter of system calls.
    Seccomp = "seccomp",
    /// It does not run as root.
    User = "user",
    /// Own user identifiers without rights outside.
    Userns = "userns",
    /// Own host name.
    Utsns = "utsns",
}

/// A tree in which a capsule may touch files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTree {
    /// Absolute path of the directory.
    pub path: PathBuf,
    /// Whether files may be read.
    pub read: bool,
    /// Whether files may be created and replaced.
    pub write: bool,
    /// Whether bytes may be added to files.
    pub append: bool,
    /// Bytes that one run may write below it.
    pub bytes_max: u64,
    /// Files that one run may write below it.
    pub files_max: u64,
    /// Where the rule stands.
    pub origin: Origin,
}

/// Processes that a capsule may send signals to. All that is given must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalRule {
    /// The executable.
    pub program: PathBuf,
    /// The user identifier of the process.
    pub uid: Option<u32>,
    /// One process: its identifier and its start in clock ticks since boot.
    pub process: Option<(i32, u64)>,
    /// Names of signals, without `SIG`.
    pub signals: Vec<String>,
    /// Where the rule stands.
    pub origin: Origin,
}

/// How many artifacts one run may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactGrant {
    /// Bytes of all artifacts together.
    pub bytes_max: u64,
    /// Number of artifacts.
    pub count_max: u64,
    /// Where the grant stands.
    pub origin: Origin,
}

/// A secret and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretGrant {
    /// What capsules and rules call it.
    pub name: String,
    /// Where the value comes from.
    pub source: SecretSource,
    /// Where the grant stands.
    pub origin: Origin,
}

/// Where the value of a secret comes from. The host resolves it; no guest ever sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of tenzik's environment.
    Env(String),
    /// A file; one line feed at its end is dropped.
    File(PathBuf),
    /// What a program writes to standard output; one line feed at its end is dropped.
    Command(Vec<String>),
}
