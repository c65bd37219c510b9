//! Signatures of modules: who says that a module is what they made or approve.
//!
//! ```text
//! module bytes ──SignableModule::parse──► SignableModule ──sign──► ModuleSignature
//!                                                                     │ embed, or a file beside it
//! module bytes, signature file ──SignedModule::parse──► SignedModule ─┘
//!                                                            │ check
//!                                     the trusted keys that signed, or a SignatureReject
//! ```
//!
//! Two formats, told apart by their first bytes: the `signature` section of the WebAssembly
//! tool-conventions as wasmsign2 0.2.8 implements it ([`ModuleSignature`]), and the signatures of
//! `ssh-keygen -Y sign` ([`SshSignature`]). Both are read strictly: one writing for one meaning,
//! and every size and count has a bound. Nothing here parses code: of a module only the headers of
//! its sections are read.

mod format_error;
mod reader;

mod module;

mod key_id;
mod section;

mod sshsig;

mod signed_module;

pub use format_error::{FormatError, FormatProblem};
pub use key_id::{KEY_ID_BYTES_MAX, KeyId};
pub use module::{
    ContentHashes, HASHES_MAX, SIGNATURE_SECTION, SignableModule, without_signatures,
};
pub use section::{
    Added, ModuleSignature, SETS_MAX, SIGNATURE_BYTES_MAX, SIGNATURES_MAX, TooManySignatures,
};
pub use signed_module::{KeyVerdict, Place, SignatureError, SignatureReject, SignedModule, Signer};
pub use sshsig::{SSH_NAMESPACE, SSH_SIGNATURE_BYTES_MAX, SshSignature};
