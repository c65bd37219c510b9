//! Findings: what validation has to say about a module.

use std::fmt;

use serde::Serialize;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The module is rejected.
    Error,
    /// The module is accepted; `--deny-warnings` rejects it.
    Warning,
}

/// The class of a reject: what kind of rule the module breaks. Classes are ordered by precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectClass {
    /// Larger than the deployment accepts; nothing else was examined.
    Size,
    /// Not a WebAssembly module that tenzik accepts.
    Invalid,
    /// Imports something that is not in the host function table.
    Import,
    /// Not signed by anybody who is trusted, where a signature is required.
    Signature,
    /// Imports something that the policy does not grant.
    Policy,
    /// Could never start under the memory limit.
    Memory,
}

macro_rules! finding_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $class:ident, $cause:literal, $remedy:literal;)*) => {
        /// The stable code of a finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FindingCode {
            $($(#[doc = $doc])+ $name,)*
        }

        impl FindingCode {
            /// Every code.
            pub const ALL: &[FindingCode] = &[$(FindingCode::$name),*];

            /// The code as it is written in JSON, receipts and `tenzik explain`.
            pub const fn code(self) -> &'static str {
                match self { $(FindingCode::$name => $code,)* }
            }

            /// The class that decides the exit code.
            pub const fn class(self) -> RejectClass {
                match self { $(FindingCode::$name => RejectClass::$class,)* }
            }

            /// Why the rule exists, for `tenzik explain`.
            pub const fn cause(self) -> &'static str {
                match self { $(FindingCode::$name => $cause,)* }
            }

            /// What usually repairs it.
            pub const fn remedy(self) -> &'static str {
                match self { $(FindingCode::$name => $remedy,)* }
            }
        }
    };
}

finding_codes! {
    /// The module is larger than the limit.
    ModuleTooLarge = "module_too_large", Size,
        "a capsule is meant to be a few kilobytes: small enough to audit and to compile at once",
        "make it smaller (`tenzik size` shows what is large), or raise --max-size, as --profile development does";
    /// The module uses most of its size limit.
    ModuleNearLimit = "module_near_limit", Size,
        "from 80 % of the size limit the next feature may not fit",
        "see which sections are large with `tenzik inspect`";
    /// The bytes do not begin like WebAssembly.
    NotWasm = "not_wasm", Invalid,
        "a WebAssembly module begins with the bytes 00 61 73 6d; text needs a name that ends in .wat",
        "pass a .wasm file, or name WebAssembly text X.wat";
    /// The bytes are a component.
    Component = "component", Invalid,
        "capsules are core modules: their imports are a closed list that can be audited by name",
        "build a core module for the target wasm32-unknown-unknown";
    /// The text does not assemble.
    TextInvalid = "text_invalid", Invalid,
        "the WebAssembly text does not assemble to a module",
        "correct the text at the place named";
    /// The text is too long to be read.
    TextTooLarge = "text_too_large", Invalid,
        "WebAssembly text is read up to 1 MiB",
        "assemble it elsewhere and pass the .wasm file";
    /// The module is malformed or fails validation.
    ModuleInvalid = "module_invalid", Invalid,
        "the bytes are not a valid WebAssembly module",
        "build the file again; it may be truncated or damaged";
    /// The module uses a feature that capsules may not use.
    FeatureDisabled = "feature_disabled", Invalid,
        "capsules use the features that compilers emit by default and that run the same everywhere",
        "switch the feature off in the compiler";
    /// The module has a start function.
    StartFunction = "start_function", Invalid,
        "a start function would run before the limits of a run are reported, without being called",
        "do the work in run instead of a start function";
    /// The module exports no memory.
    MemoryMissing = "memory_missing", Invalid,
        "the host passes bytes through the memory that a capsule exports as memory",
        "define one memory and export it as memory";
    /// The export `memory` is not a memory.
    MemoryExportKind = "memory_export_kind", Invalid,
        "the host passes bytes through the memory that a capsule exports as memory",
        "export the memory itself under the name memory";
    /// The module has more than one memory.
    MemoryCount = "memory_count", Invalid,
        "host functions address one memory",
        "keep a single memory";
    /// The memory is shared between threads.
    MemoryShared = "memory_shared", Invalid,
        "a run is one thread, so that it can be repeated exactly",
        "build without threads: the memory must not be shared";
    /// The memory has 64-bit addresses.
    Memory64 = "memory64", Invalid,
        "host functions use 32-bit addresses",
        "build for wasm32";
    /// The memory starts larger than the memory limit.
    MemoryMinimum = "memory_minimum", Memory,
        "the capsule could never start under this memory limit",
        "link with a smaller stack (-zstack-size=16384) or raise --memory";
    /// The module exports no `run`.
    RunMissing = "run_missing", Invalid,
        "a run is one call of the function that a capsule exports as run",
        "export a function run that takes nothing and returns an i32";
    /// The export `run` is not a function.
    RunExportKind = "run_export_kind", Invalid,
        "a run is one call of the function that a capsule exports as run",
        "export a function under the name run";
    /// The function `run` has the wrong type.
    RunType = "run_type", Invalid,
        "run takes nothing and returns an i32: 0 is success, anything else the capsule's own failure",
        "declare it as `extern \"C\" fn run() -> i32`";
    /// A count in the module is over a structural limit.
    StructureLimit = "structure_limit", Invalid,
        "structural limits keep a small file from exploding when it is compiled",
        "split the function or simplify the module";
    /// The manifest section does not parse.
    ManifestInvalid = "manifest_invalid", Invalid,
        "the custom section tenzik holds at most 512 bytes of canonical JSON: abi, name, needs, version",
        "let `tenzik build` write the manifest";
    /// An import is not in the host function table.
    ImportUnknown = "import_unknown", Import,
        "a capsule can call the host functions of the module tenzik and nothing else",
        "remove the import; `tenzik explain host-functions` lists what a capsule may import";
    /// An import has the name of a host function but is not a function.
    ImportKind = "import_kind", Import,
        "everything a capsule imports is a function",
        "import it as a function";
    /// An import has the name of a host function but another type.
    ImportType = "import_type", Import,
        "the type of every import is fixed by the host function table",
        "declare the import with the type named";
    /// A signature is required, and the module has none.
    SignatureMissing = "signature_missing", Signature,
        "a signature is required, and the module has none inside and none came with it",
        "sign it with `tenzik sign`, or name the signature file with --signature";
    /// Module or signature are not well-formed.
    SignatureMalformed = "signature_malformed", Signature,
        "signatures are read strictly, in one form: what another tool may read in another way is refused",
        "get module and signature again, or sign anew with `tenzik sign --anew --force` as the last step of the build";
    /// A trusted key signed another content.
    SignatureContentDiffers = "signature_content_differs", Signature,
        "a trusted key signed other bytes than these",
        "get the module and its signature again; one of them was changed, or belongs to another version";
    /// A signature names a trusted key but is not that key's.
    SignatureFalse = "signature_false", Signature,
        "a signature names a trusted key, which did not make it for these bytes",
        "do not run the module: get it again from where you trust it";
    /// All signatures are by unknown keys.
    SignatureUntrusted = "signature_untrusted", Signature,
        "the module is signed, but by none of the keys that were given as trusted",
        "if you trust the signer, add the public key to the file or directory of --trust";
    /// A capability that the imports need is not granted.
    CapabilityNotGranted = "capability_not_granted", Policy,
        "every effect is an import, and the policy does not grant the capability this one needs",
        "grant it with --grant, choose another profile, or drop the import";
    /// The manifest does not claim a capability that the imports need.
    CapabilityNotClaimed = "capability_not_claimed", Policy,
        "a manifest can only narrow what a capsule may do, and this one leaves out a capability that an import needs",
        "rebuild with `tenzik build`, or drop the import";
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Where in a module a finding is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Byte offset from the start of the assembled module.
    pub offset: Option<u64>,
    /// Index of the function, imported ones counted first.
    pub function_index: Option<u32>,
    /// Name of the function where the module has a name section or an export for it. Attacker text.
    pub function_name: Option<String>,
}

impl Location {
    /// A place known by its byte offset.
    pub fn at(offset: usize) -> Location {
        Location {
            offset: Some(offset as u64),
            ..Location::default()
        }
    }

    /// A place inside a function.
    pub fn in_function(offset: usize, index: u32) -> Location {
        Location {
            offset: Some(offset as u64),
            function_index: Some(index),
            function_name: None,
        }
    }
}

/// One thing that validation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable code.
    pub code: FindingCode,
    /// Weight.
    pub severity: Severity,
    /// Where.
    pub location: Location,
    /// What was found, with the numbers; names from the module are escaped already.
    pub message: String,
    /// What repairs this very finding.
    pub remedy: String,
}

impl Finding {
    /// An error with the usual remedy of its code.
    pub fn error(code: FindingCode, location: Location, message: String) -> Finding {
        Finding {
            code,
            severity: Severity::Error,
            location,
            message,
            remedy: code.remedy().to_owned(),
        }
    }

    /// A warning with the usual remedy of its code.
    pub fn warning(code: FindingCode, location: Location, message: String) -> Finding {
        Finding {
            severity: Severity::Warning,
            ..Finding::error(code, location, message)
        }
    }

    /// The same finding with a remedy of its own.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Finding {
        self.remedy = remedy.into();
        self
    }
}
