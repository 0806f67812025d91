//! Refused records that wait to be delivered again, by their keys.
//!
//! Contract: a refused record is mended by the first record of its key that is taken
//! in after it. One whose key cannot be read waits for ever: nothing is guessed. A key
//! is the hash that versions are told apart by.

use hashbrown::HashMap;
use std::collections::HashSet;
use tocsin_alerts::store::RejectRow;

/// How many refused records wait under each key, of one source.
pub type Waiting = HashMap<u128, u64>;

/// What a source's intake refuses and mends, record by record.
pub(super) struct Mending<'a> {
    /// Those of earlier epochs.
    stored: &'a Waiting,
    /// Keys of them of which a record was taken in.
    mended: HashSet<u128>,
    /// Those of this intake: their places among its rejects.
    fresh: HashMap<u128, Vec<usize>>,
}

impl<'a> Mending<'a> {
    pub(super) fn new(stored: &'a Waiting) -> Mending<'a> {
        Mending {
            stored,
            mended: HashSet::new(),
            fresh: HashMap::new(),
        }
    }

    /// Whether no refused record waits: then nothing can be mended.
    pub(super) fn is_idle(&self) -> bool {
        self.stored.is_empty() && self.fresh.is_empty()
    }

    /// A record was refused: the reject at a place.
    pub(super) fn refused(&mut self, key: u128, place: usize) {
        self.fresh.entry(key).or_default().push(place);
    }

    /// A record was taken in; gives how many rejects that mends.
    pub(super) fn taken(&mut self, key: u128, rejects: &mut [RejectRow]) -> u64 {
        let places = self.fresh.remove(&key).unwrap_or_default();
        for place in &places {
            rejects[*place].mended = true;
        }
        let stored = match self.stored.get(&key) {
            Some(count) if self.mended.insert(key) => *count,
            _ => 0,
        };
        places.len() as u64 + stored
    }

    /// The keys of earlier epochs of which nothing waits any longer.
    pub(super) fn finish(self) -> HashSet<u128> {
        self.mended
    }
}

/// What waits after an intake.
pub(super) fn after(waiting: &mut Waiting, mended: &HashSet<u128>, rejects: &[RejectRow]) {
    for key in mended {
        waiting.remove(key);
    }
    let fresh = rejects.iter().filter(|reject| !reject.mended);
    for key in fresh.filter_map(|reject| reject.key) {
        *waiting.entry(u128::from_be_bytes(key)).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reject(key: u128) -> RejectRow {
        RejectRow {
            key: Some(key.to_be_bytes()),
            ..RejectRow::default()
        }
    }

    #[test]
    fn what_comes_before_a_refusal_mends_nothing() {
        let mut waiting = Waiting::from([(7, 2), (8, 1)]);
        let mut rejects = vec![reject(1), reject(1), reject(2)];
        let mut mending = Mending::new(&waiting);
        assert_eq!(mending.taken(2, &mut rejects), 0);
        for (place, key) in [1, 1, 2].into_iter().enumerate() {
            mending.refused(key, place);
        }
        assert_eq!(mending.taken(1, &mut rejects), 2);
        assert_eq!(mending.taken(1, &mut rejects), 0);
        // Those of earlier epochs all at once, and once.
        assert_eq!(mending.taken(7, &mut rejects), 2);
        assert_eq!(mending.taken(7, &mut rejects), 0);
        let mended: Vec<bool> = rejects.iter().map(|reject| reject.mended).collect();
        assert_eq!(mended, [true, true, false]);
        let keys = mending.finish();
        after(&mut waiting, &keys, &rejects);
        assert_eq!(waiting, Waiting::from([(8, 1), (2, 1)]));
    }
}
