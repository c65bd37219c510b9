//! What ends a run that asks for an effect which its policy does not admit.

use crate::rules::Origin;

macro_rules! effect_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $cause:literal, $remedy:literal;)*) => {
        /// What kind of effect was refused. All of them end a run with the exit code of the policy.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EffectCode {
            $($(#[doc = $doc])+ $name,)*
        }

        impl EffectCode {
            /// Every code, in alphabetical order.
            pub const ALL: &[EffectCode] = &[$(EffectCode::$name),*];

            /// Its stable name.
            pub const fn code(self) -> &'static str {
                match self { $(EffectCode::$name => $code,)* }
            }

            /// Why there is such a refusal.
            pub const fn cause(self) -> &'static str {
                match self { $(EffectCode::$name => $cause,)* }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(EffectCode::$name => $remedy,)* }
            }
        }
    };
}

effect_codes! {
    /// An artifact.
    Artifact = "artifact_refused",
        "the capsule asked to write an artifact that the policy does not admit",
        "see tenzik policy explain; add [artifacts] to the policy if the artifact is wanted";
    /// A program.
    Exec = "exec_refused",
        "the capsule asked to start a program that no rule of the policy admits with these arguments",
        "see tenzik policy explain; add a rule to the policy, or widen one, if the program is wanted";
    /// A file.
    File = "file_refused",
        "the capsule asked for a file outside of the trees that the policy grants, or for another access",
        "see tenzik policy explain; add a tree to the policy, or the access, if it is wanted";
    /// A secret.
    Secret = "secret_refused",
        "the capsule asked for a secret that the policy does not name",
        "see tenzik policy explain; add [secrets.NAME] to the policy if it is wanted";
    /// A signal.
    Signal = "signal_refused",
        "the capsule asked to signal a process, or with a signal, that no rule of the policy admits",
        "see tenzik policy explain; add a rule under [[signals]] to the policy if it is wanted";
}

/// An effect that the policy does not admit. It ends the run: a capsule cannot probe the policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EffectRefusal {
    /// Its stable code, of an [`EffectCode`].
    pub code: &'static str,
    /// The rules that refused it, as `FILE:LINE NAME`.
    pub rules: Vec<String>,
    /// What was asked for and why it is refused. Text of the capsule is escaped and bounded.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl EffectRefusal {
    /// A refusal with the usual remedy.
    pub fn new(code: EffectCode, rules: Vec<String>, message: String) -> EffectRefusal {
        EffectRefusal {
            code: code.code(),
            rules,
            message,
            remedy: code.remedy().to_owned(),
        }
    }
}

/// A rule as refusals and explanations name it.
pub(crate) fn cited(origin: &Origin, name: &str) -> String {
    if origin.file.is_empty() {
        name.to_owned()
    } else {
        format!("{origin} {name}")
    }
}
