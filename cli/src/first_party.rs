//! The capsules inside the binary.

/// One embedded capsule.
#[derive(Debug)]
pub(crate) struct EmbeddedCapsule {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it does, in one line.
    pub(crate) summary: &'static str,
    /// The module.
    pub(crate) bytes: &'static [u8],
}

macro_rules! embedded {
    ($($name:literal: $summary:literal;)*) => {
        static CAPSULES: &[EmbeddedCapsule] = &[$(EmbeddedCapsule {
            name: $name,
            summary: $summary,
            bytes: include_bytes!(concat!("../../capsules/prebuilt/", $name, ".wasm")),
        }),*];
    };
}

embedded! {
    "base64": "encodes its input as base64";
    "dice": "throws five dice with the seed and tells the time of the run";
    "echo": "writes its input to its output";
    "exec": "runs a program that the policy grants: its input is {\"argv\": [TEXT, ...]}";
    "file-read": "writes the file that its input names to its output";
    "file-write": "writes a file: the first line of the input says where, the rest is its content";
    "git": "clones, pulls and looks at repositories with hooks and helpers out of action";
    "gobuster-parse": "turns the findings of gobuster dir into JSON";
    "hash": "writes the BLAKE3 digest of its input in hexadecimal";
    "json-select": "selects from JSON: the first line of the input is an RFC 9535 query, the rest the JSON";
    "kill": "sends a signal to the process that its input names";
    "nmap-parse": "turns the XML report of nmap into compact JSON";
    "nmap-scan": "scans ports with nmap and turns its report into compact JSON";
    "undo": "restores the files that the run its input names changed";
}

/// The capsule of this name.
pub(crate) fn find(name: &str) -> Option<&'static EmbeddedCapsule> {
    CAPSULES.iter().find(|capsule| capsule.name == name)
}

/// Every capsule, by name.
pub(crate) fn all() -> &'static [EmbeddedCapsule] {
    CAPSULES
}

/// Every name, in alphabetical order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CAPSULES.iter().map(|capsule| capsule.name)
}
