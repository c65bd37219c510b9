//! Compiled capsules that are kept: bounded, the one unused for longest leaves first.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// A bounded map from `K` to values that are cheap to clone.
pub(crate) struct Cache<K, V> {
    entries: Mutex<Entries<K, V>>,
    entries_max: usize,
}

struct Entries<K, V> {
    map: HashMap<K, (V, u64)>,
    uses: u64,
}

impl<K: Hash + Eq + Copy, V: Clone> Cache<K, V> {
    pub(crate) fn new(entries_max: usize) -> Cache<K, V> {
        Cache {
            entries: Mutex::new(Entries {
                map: HashMap::new(),
                uses: 0,
            }),
            entries_max,
        }
    }

    /// The value of `key`, which counts as a use.
    pub(crate) fn find(&self, key: &K) -> Option<V> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let now = entries.uses;
        let (value, used) = entries.map.get_mut(key)?;
        *used = now;
        Some(value.clone())
    }

    /// Keeps `value`; gives up the entry unused for longest when there are too many.
    pub(crate) fn insert(&self, key: K, value: V) {
        if self.entries_max == 0 {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let now = entries.uses;
        if entries.map.len() >= self.entries_max && !entries.map.contains_key(&key) {
            let oldest = entries
                .map
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                entries.map.remove(&oldest);
            }
        }
        entries.map.insert(key, (value, now));
    }

    /// Entries now.
    pub(crate) fn len(&self) -> usize {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .map
            .len()
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn the_entry_unused_for_longest_leaves() {
        let cache = Cache::new(2);
        cache.insert(1, "one");
        cache.insert(2, "two");
        assert_eq!(cache.find(&1), Some("one"));
        cache.insert(3, "three");
        assert_eq!(
            (cache.find(&1), cache.find(&2), cache.find(&3)),
            (Some("one"), None, Some("three"))
        );
        assert_eq!(cache.len(), 2);
    }

    #[test]
    fn nothing_is_kept_without_room() {
        let cache = Cache::new(0);
        cache.insert(1, 1);
        assert_eq!(cache.find(&1), None);
    }
}
