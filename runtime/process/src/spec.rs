//! What is to be run, and everything that bounds it.

use std::ffi::CString;
use std::path::PathBuf;
use std::time::Duration;

use tenzik_jail::{LayerSet, Network};

/// User and group of programs when tenzik runs as root: `nobody`.
pub const USER_WHEN_ROOT: u32 = 65534;

/// One program to run, and everything that bounds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSpec {
    /// Absolute path of the executable, an ELF file.
    pub program: PathBuf,
    /// Whether `program` may be a symbolic link, or lie behind one.
    pub follow: bool,
    /// BLAKE3 digest that the executable must have, checked on the descriptor that is executed.
    pub blake3: Option<[u8; 32]>,
    /// All arguments; the first one is what the program is called.
    pub arguments: Vec<CString>,
    /// Its whole environment: names and values.
    pub env: Vec<(CString, CString)>,
    /// Working directory inside of its root.
    pub cwd: PathBuf,
    /// Trees and files that it may read and execute.
    pub read: Vec<PathBuf>,
    /// Trees and files that it may write to.
    pub write: Vec<PathBuf>,
    /// What of the network it reaches.
    pub network: Network,
    /// Whether it has a standard input; otherwise that is empty.
    pub stdin: bool,
    /// Bytes that may be written to its standard input.
    pub stdin_bytes_max: u64,
    /// Bytes that it may write to standard output; one more ends it.
    pub stdout_bytes_max: u64,
    /// Bytes that it may write to standard error; one more ends it.
    pub stderr_bytes_max: u64,
    /// Bytes of one stream that are kept while the other one is read or written; one more ends it.
    pub buffer_bytes_max: u64,
    /// From its start to its end.
    pub deadline: Duration,
    /// Address space of each of its processes, in bytes.
    pub memory_bytes_max: u64,
    /// Processes and threads that it may have at a time.
    pub processes_max: u32,
    /// Size of the largest file that it may write, in bytes.
    pub file_bytes_max: u64,
    /// Open descriptors of each of its processes.
    pub descriptors_max: u32,
    /// Bytes of its private `/tmp`.
    pub tmp_bytes_max: u64,
    /// Layers without which it is not started.
    pub require: LayerSet,
    /// Layers that are left out as if the machine did not provide them, for tests of degradation.
    pub without: LayerSet,
    /// User and group to run as when tenzik runs as root; not 0.
    pub user: u32,
}

impl ProcessSpec {
    /// `program` with nothing but its name as argument: no environment, trees or network, and small bounds.
    pub fn new(program: impl Into<PathBuf>) -> ProcessSpec {
        ProcessSpec {
            program: program.into(),
            follow: false,
            blake3: None,
            arguments: Vec::new(),
            env: Vec::new(),
            cwd: PathBuf::from("/"),
            read: Vec::new(),
            write: Vec::new(),
            network: Network::None,
            stdin: false,
            stdin_bytes_max: 1 << 20,
            stdout_bytes_max: 64 << 20,
            stderr_bytes_max: 64 << 10,
            buffer_bytes_max: 16 << 20,
            deadline: Duration::from_secs(60),
            memory_bytes_max: 1 << 30,
            processes_max: 32,
            file_bytes_max: 64 << 20,
            descriptors_max: 1024,
            tmp_bytes_max: 64 << 20,
            require: LayerSet::EMPTY,
            without: LayerSet::EMPTY,
            user: USER_WHEN_ROOT,
        }
    }
}
