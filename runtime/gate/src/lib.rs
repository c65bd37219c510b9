//! Effects of capsules.
