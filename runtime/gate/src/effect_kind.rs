//! What an effect that was not performed means to its caller.

/// What kind of "no" an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// What the request names does not exist.
    NotFound,
    /// What the request would make exists already.
    AlreadyExists,
    /// A quota or bound is used up.
    Exceeded,
    /// It is not granted, or would reach what is not granted.
    Refused,
    /// The machine failed, or something else changed the same thing at the same time.
    Io,
}
