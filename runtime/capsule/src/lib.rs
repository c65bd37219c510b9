//! From bytes to a [`Capsule`]: everything that is decided about a module before any of it is
//! compiled.
//!
//! [`validate`] is the only producer of a [`Capsule`]. It reports every finding of one pass, each
//! with a stable code, so that an author repairs a module once and a platform team can audit it.
//! The crate knows wasmparser and no engine; an auditor can link it alone.

mod validate;

mod capsule;
mod diagnose;
mod exports;
mod features;
mod finding;
mod function_names;
mod functions;
mod imports;
mod limits;
mod manifest;
mod names;
mod text;
mod walk;

pub use capsule::{Capsule, CapsuleId, SectionSize};
pub use features::{ACCEPTED_FEATURES, FeatureRemedy, feature_remedies};
pub use finding::{Finding, FindingCode, Location, RejectClass, Severity};
pub use function_names::FunctionNames;
pub use limits::{MODULE_BYTES_MAX_PRODUCTION, ModuleLimits, STRUCTURE_LIMITS, StructureLimit};
pub use manifest::{MANIFEST_BYTES_MAX, MANIFEST_SECTION, Manifest, ManifestError};
pub use text::escaped;
pub use validate::{Validation, validate};
