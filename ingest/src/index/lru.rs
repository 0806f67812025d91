//! A bounded cache: the least recently used goes first.

use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;

/// Values by key, at most `capacity` in total weight. Shared between threads.
/// Looking for the victim walks all entries: meant for hundreds, whose loading
/// costs far more than the walk.
pub(crate) struct Lru<K, V> {
    capacity: usize,
    inner: Mutex<Inner<K, V>>,
}

struct Inner<K, V> {
    slots: HashMap<K, Slot<V>>,
    weight: usize,
    clock: u64,
}

struct Slot<V> {
    value: V,
    weight: usize,
    used: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> Lru<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        let inner = Inner {
            slots: HashMap::new(),
            weight: 0,
            clock: 0,
        };
        Lru {
            capacity,
            inner: Mutex::new(inner),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut inner = self.lock();
        inner.clock += 1;
        let now = inner.clock;
        let slot = inner.slots.get_mut(key)?;
        slot.used = now;
        Some(slot.value.clone())
    }

    /// Adds a value and evicts others until the weights fit again. The newest
    /// always stays, even when it alone is too heavy.
    pub(crate) fn put(&self, key: K, value: V, weight: usize) {
        let mut inner = self.lock();
        inner.clock += 1;
        let slot = Slot {
            value,
            weight,
            used: inner.clock,
        };
        inner.weight += weight;
        if let Some(old) = inner.slots.insert(key, slot) {
            inner.weight -= old.weight;
        }
        while inner.weight > self.capacity && inner.slots.len() > 1 {
            inner.evict();
        }
    }

    pub(crate) fn remove(&self, key: &K) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Inner<K, V>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, V> Inner<K, V> {
    fn evict(&mut self) {
        let oldest = self.slots.iter().min_by_key(|(_, slot)| slot.used);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &K) {
        if let Some(slot) = self.slots.remove(key) {
            self.weight -= slot.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lru;

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = Lru::new(2);
        cache.put('a', 1, 1);
        cache.put('b', 2, 1);
        assert_eq!(cache.get(&'a'), Some(1));
        cache.put('c', 3, 1);
        assert_eq!(
            (cache.get(&'a'), cache.get(&'b'), cache.get(&'c')),
            (Some(1), None, Some(3))
        );
    }

    #[test]
    fn replacing_counts_the_weight_once() {
        let cache = Lru::new(3);
        cache.put('a', 1, 2);
        cache.put('a', 2, 2);
        cache.put('b', 3, 1);
        assert_eq!((cache.get(&'a'), cache.get(&'b')), (Some(2), Some(3)));
    }
}
