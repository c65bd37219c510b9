//! The manifest: what a capsule claims about itself.
//!
//! Custom section `tenzik`, canonical JSON (RFC 8785) of at most 512 bytes:
//!
//! ```text
//! {"abi":1,"name":"nmap-parse","needs":["hash","json"],"version":"0.1.0"}
//! ```
//!
//! A manifest is a claim. It can only narrow what a policy grants.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr as _;

use serde::{Deserialize, Serialize};
use tenzik_host_abi::{ABI_VERSION, Capability, CapabilitySet};

/// Name of the custom section.
pub const MANIFEST_SECTION: &str = "tenzik";

/// Largest manifest in bytes.
pub const MANIFEST_BYTES_MAX: usize = 512;

/// What a capsule claims about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    name: String,
    needs: CapabilitySet,
    version: String,
}

/// The wire form; fields in the order of the canonical JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestJson<'a> {
    abi: u32,
    #[serde(borrow)]
    name: Cow<'a, str>,
    needs: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    version: Cow<'a, str>,
}

/// Why the bytes are not a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestError {
    /// More bytes than a manifest may have.
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Not JSON of the right shape.
    Shape(String),
    /// An ABI version that this host does not know.
    Abi(u32),
    /// A name or version with characters other than ASCII letters, digits, `-`, `_`, `.` and `+`,
    /// or of no or more than 64 characters.
    Text(&'static str),
    /// An unknown capability.
    Capability(String),
    /// Valid, but not the canonical bytes.
    NotCanonical,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManifestError::TooLarge { bytes } => {
                write!(
                    f,
                    "manifest has {bytes} bytes; at most {MANIFEST_BYTES_MAX} are read"
                )
            }
            ManifestError::Shape(why) => write!(f, "manifest is not the expected JSON: {why}"),
            ManifestError::Abi(abi) => {
                write!(
                    f,
                    "manifest asks for host ABI {abi}; this host has {ABI_VERSION}"
                )
            }
            ManifestError::Text(field) => {
                write!(
                    f,
                    "manifest field {field} needs 1 to 64 characters out of a-z A-Z 0-9 - _ . +"
                )
            }
            ManifestError::Capability(name) => {
                write!(
                    f,
                    "manifest claims the unknown capability {}",
                    crate::escaped(name)
                )
            }
            ManifestError::NotCanonical => {
                f.write_str("manifest is not in canonical form (RFC 8785, needs sorted)")
            }
        }
    }
}

impl std::error::Error for ManifestError {}

impl Manifest {
    /// A manifest for a capsule that needs `needs`.
    ///
    /// # Errors
    /// [`ManifestError::Text`] if `name` or `version` is not a plain word, and
    /// [`ManifestError::TooLarge`].
    pub fn new(name: &str, version: &str, needs: CapabilitySet) -> Result<Manifest, ManifestError> {
        check_word("name", name)?;
        check_word("version", version)?;
        let manifest = Manifest {
            name: name.to_owned(),
            needs,
            version: version.to_owned(),
        };
        let bytes = manifest.to_bytes().len();
        if bytes > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLarge { bytes });
        }
        Ok(manifest)
    }

    /// Reads the payload of the custom section.
    ///
    /// # Errors
    /// Any [`ManifestError`]; unknown and duplicate keys are refused.
    pub fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLarge { bytes: bytes.len() });
        }
        let json: ManifestJson<'_> = serde_json::from_slice(bytes)
            // The parser repeats what the manifest says, and that may be anything.
            .map_err(|error| ManifestError::Shape(crate::escaped(&error.to_string())))?;
        if json.abi == 0 || json.abi > ABI_VERSION {
            return Err(ManifestError::Abi(json.abi));
        }
        let mut needs = CapabilitySet::EMPTY;
        for name in &json.needs {
            let capability = Capability::from_str(name)
                .map_err(|_| ManifestError::Capability(name.to_string()))?;
            needs = needs.with(capability);
        }
        check_word("name", &json.name)?;
        check_word("version", &json.version)?;
        let manifest = Manifest {
            name: json.name.into_owned(),
            needs,
            version: json.version.into_owned(),
        };
        if manifest.to_bytes() != bytes {
            return Err(ManifestError::NotCanonical);
        }
        Ok(manifest)
    }

    /// The canonical bytes, to be put into the custom section.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = ManifestJson {
            abi: ABI_VERSION,
            name: Cow::Borrowed(&self.name),
            needs: self
                .needs
                .iter()
                .map(|capability| Cow::Borrowed(capability.name()))
                .collect(),
            version: Cow::Borrowed(&self.version),
        };
        serde_json::to_vec(&json).unwrap_or_default()
    }

    /// The name the capsule gives itself: plain ASCII.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version the capsule gives itself: plain ASCII.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The capabilities the capsule says it needs.
    pub fn needs(&self) -> CapabilitySet {
        self.needs
    }
}

fn check_word(field: &'static str, word: &str) -> Result<(), ManifestError> {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+');
    if (1..=64).contains(&word.len()) && word.bytes().all(plain) {
        Ok(())
    } else {
        Err(ManifestError::Text(field))
    }
}
