//! Values that are masked together.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::mask::{Mask, Patterns, SharedPatterns};
use super::value::SecretValue;

/// Values that are replaced wherever one of them stands: those of one run, or of all runs that were
/// made to share them. Clones are the same values.
#[derive(Clone, Default)]
pub struct MaskedValues {
    values: Arc<Mutex<Vec<Arc<SecretValue>>>>,
    patterns: SharedPatterns,
}

impl fmt::Debug for MaskedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskedValues").finish_non_exhaustive()
    }
}

impl MaskedValues {
    /// Masks `value` from now on.
    pub(super) fn add(&self, value: &Arc<SecretValue>) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.iter().any(|known| known.expose() == value.expose()) {
            return;
        }
        values.push(Arc::clone(value));
        self.patterns
            .set(Patterns::new(values.iter().map(|value| value.expose())));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.is_empty()
    }

    /// A mask for one stream. It knows values that come later, too.
    pub fn mask(&self) -> Mask {
        Mask::new(self.patterns.clone())
    }

    /// `text` with every value replaced.
    pub fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = Vec::with_capacity(text.len());
        let mut mask = self.mask();
        mask.push(text.as_bytes(), &mut out);
        mask.finish(&mut out);
        // Whole forms were replaced, so what is left may begin in the middle of a character.
        Cow::Owned(String::from_utf8_lossy(&out).into_owned())
    }
}
