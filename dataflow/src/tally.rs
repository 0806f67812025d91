//! Counts and sums by slot, carried in the difference of an update.
//!
//! Contract: entries are sorted by what tells them apart (slot, day, and the
//! value where a slot keeps values), each occurs once, and one that adds nothing
//! is not there; so equal tallies are equal bytes and the empty tally is the
//! zero. Arithmetic wraps: it is a group whatever is
//! added, and what was added can always be taken away again exactly.

use differential_dataflow::difference::{Abelian, IsZero, Monoid, Multiply, Semigroup};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tocsin_ingest::fact::Slot;

use crate::keeping::{has_keys, has_values, slot_of};

/// From so many entries on, room for more grows in smaller steps.
const MANY: usize = 8;

/// What one slot has accumulated, or what it has of one day or value: see
/// [`Keeping`](crate::keeping::Keeping). 16 bytes.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Entry {
    /// The slot, with bits on top that say what `sum` is.
    pub slot: Slot,
    /// The event day, where days are kept apart; else 0.
    pub day: u16,
    /// How many facts.
    pub n: i32,
    /// The sum of their values, in stored units; where values are kept, the
    /// value of each.
    pub sum: i64,
}

impl Entry {
    /// What tells entries apart.
    fn key(&self) -> (Slot, u16, i64) {
        let value = if has_values(self.slot) { self.sum } else { 0 };
        (self.slot, self.day, value)
    }

    /// Whether it adds nothing.
    pub(crate) fn is_zero(&self) -> bool {
        self.n == 0 && (self.sum == 0 || has_values(self.slot))
    }

    /// Adds an entry of the same key.
    pub(crate) fn plus(&mut self, other: &Entry) {
        self.n = self.n.wrapping_add(other.n);
        if !has_values(self.slot) {
            self.sum = self.sum.wrapping_add(other.sum);
        }
    }

    fn times(&mut self, times: i64) {
        self.n = self.n.wrapping_mul(times as i32);
        if !has_values(self.slot) {
            self.sum = self.sum.wrapping_mul(times);
        }
    }
}

/// A sparse map from slot to what is kept of its facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tally {
    entries: SmallVec<[Entry; 1]>,
}

impl Tally {
    /// The tally of one slot: `n` facts whose values sum to `sum` stored units.
    pub fn one(slot: Slot, n: i32, sum: i64) -> Self {
        let mut tally = Tally::default();
        tally.add(slot, n, sum);
        tally
    }

    /// Adds `n` facts whose values sum to `sum` stored units.
    pub fn add(&mut self, slot: Slot, n: i32, sum: i64) {
        self.put(Entry {
            slot,
            day: 0,
            n,
            sum,
        });
    }

    /// Adds an entry.
    pub(crate) fn put(&mut self, entry: Entry) {
        match self.find(&entry) {
            Ok(at) => {
                self.entries[at].plus(&entry);
                if self.entries[at].is_zero() {
                    self.entries.remove(at);
                }
            }
            Err(at) if !entry.is_zero() => {
                self.make_room();
                self.entries.insert(at, entry);
            }
            Err(_) => {}
        }
    }

    /// Room for another entry where many are: by half of the power of two below
    /// and not by all of it. Of a million tallies as many are below the middle.
    fn make_room(&mut self) {
        let held = self.entries.len();
        if held >= MANY && held == self.entries.capacity() {
            self.entries.reserve_exact((1 << held.ilog2()) / 2);
        }
    }

    /// Where an entry of the same key is, or would be.
    fn find(&self, entry: &Entry) -> Result<usize, usize> {
        // Of most slots there is one entry, which the slot alone finds.
        let first = self.entries.partition_point(|held| held.slot < entry.slot);
        let key = entry.key();
        match self.entries.get(first) {
            Some(held) if held.key() == key => return Ok(first),
            Some(held) if held.slot == entry.slot => {}
            _ => return Err(first),
        }
        let found = self.entries[first..].binary_search_by_key(&key, Entry::key);
        found.map(|at| first + at).map_err(|at| first + at)
    }

    /// The tally of entries that are sorted by key and not zero, `most` at most.
    pub(crate) fn from_sorted(entries: impl Iterator<Item = Entry>, most: usize) -> Self {
        let mut tally = Tally::default();
        tally.fill(entries, most);
        tally
    }

    /// As [`Tally::from_sorted`], in the room that this one has.
    pub(crate) fn fill(&mut self, entries: impl Iterator<Item = Entry>, most: usize) {
        self.entries.clear();
        self.entries.reserve(most);
        self.entries.extend(entries);
    }

    /// Takes everything away, and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The entries, sorted by slot as stored, day and value.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The tally as it reaches an enterprise along a path of `share` per cent:
    /// counts and keys stay, sums and values shrink. Linear as long as sums are
    /// multiples of 100, which mapping guarantees for subjects that travel; for
    /// the same reason what was apart stays apart, in its order.
    pub(crate) fn shared(&self, share: u8) -> Tally {
        let mut tally = self.clone();
        for entry in tally.entries.iter_mut().filter(|e| !has_keys(e.slot)) {
            entry.sum = (entry.sum / 100).wrapping_mul(i64::from(share));
        }
        tally.drop_zeros();
        tally
    }

    /// The entries of the slots that are `wanted`.
    pub(crate) fn only(&self, wanted: impl Fn(Slot) -> bool) -> Tally {
        let mut tally = self.clone();
        tally.entries.retain(|entry| wanted(slot_of(entry.slot)));
        tally
    }

    fn drop_zeros(&mut self) {
        self.entries.retain(|entry| !entry.is_zero());
    }

    fn merge(&mut self, other: &[Entry]) {
        let mine = std::mem::take(&mut self.entries);
        let mut merged = SmallVec::with_capacity(mine.len() + other.len());
        let (mut left, mut right) = (mine.iter().peekable(), other.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let mut entry = if a.key() <= b.key() { **a } else { **b };
            let (from_left, from_right) = (a.key() <= b.key(), b.key() <= a.key());
            if from_left && from_right {
                entry.plus(b);
            }
            if from_left {
                left.next();
            }
            if from_right {
                right.next();
            }
            if !entry.is_zero() {
                merged.push(entry);
            }
        }
        merged.extend(left.chain(right).copied());
        self.entries = merged;
    }
}

impl IsZero for Tally {
    fn is_zero(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Semigroup for Tally {
    fn plus_equals(&mut self, other: &Tally) {
        match other.entries() {
            [] => {}
            [one] => self.put(*one),
            many if self.entries.is_empty() => self.entries = many.into(),
            many => self.merge(many),
        }
    }
}

impl Monoid for Tally {
    fn zero() -> Self {
        Tally::default()
    }
}

impl Abelian for Tally {
    fn negate(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.times(-1));
    }
}

impl Multiply<isize> for Tally {
    type Output = Tally;

    fn multiply(mut self, times: &isize) -> Tally {
        if *times == 1 {
            return self;
        }
        let times = *times as i64;
        self.entries.iter_mut().for_each(|entry| entry.times(times));
        self.drop_zeros();
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keeping::{Each, Keeping};

    fn tally() -> impl Strategy<Value = Tally> {
        let each = prop_oneof![Just(Each::Summed), Just(Each::Value), Just(Each::Key)];
        let keeping = (any::<bool>(), each).prop_map(|(by_day, each)| Keeping { by_day, each });
        let value = prop_oneof![-3i64..3, any::<i64>()];
        let entry = (0u16..4, keeping, 0u16..3, -2i32..3, value);
        proptest::collection::vec(entry, 0..6).prop_map(|entries| {
            let mut tally = Tally::default();
            for (slot, keeping, day, n, sum) in entries {
                tally.put(Entry {
                    slot: keeping.stored(slot),
                    day: if keeping.by_day { day } else { 0 },
                    n,
                    sum,
                });
            }
            tally
        })
    }

    fn plus(a: &Tally, b: &Tally) -> Tally {
        let mut sum = a.clone();
        sum.plus_equals(b);
        sum
    }

    proptest! {
        #[test]
        fn tallies_are_an_abelian_group(a in tally(), b in tally(), c in tally()) {
            prop_assert_eq!(plus(&a, &b), plus(&b, &a));
            prop_assert_eq!(plus(&plus(&a, &b), &c), plus(&a, &plus(&b, &c)));
            let mut less = a.clone();
            less.negate();
            prop_assert!(plus(&a, &less).is_zero());
            prop_assert!(plus(&a, &b).entries().iter().all(|entry| !entry.is_zero()));
            prop_assert!(plus(&a, &b).entries().is_sorted_by(|x, y| x.key() < y.key()));
        }

        #[test]
        fn multiplying_is_repeated_adding(a in tally(), b in tally()) {
            prop_assert_eq!(a.clone().multiply(&2), plus(&a, &a));
            prop_assert!(a.clone().multiply(&0).is_zero());
            prop_assert_eq!(plus(&a, &b).multiply(&-3), plus(&a.multiply(&-3), &b.multiply(&-3)));
        }
    }

    #[test]
    fn an_entry_takes_16_bytes_and_a_tally_24() {
        assert_eq!((size_of::<Entry>(), size_of::<Tally>()), (16, 24));
    }

    #[test]
    fn room_grows_by_half_of_a_power_of_two() {
        let mut tally = Tally::default();
        let mut rooms = Vec::new();
        for slot in 0..30 {
            tally.add(slot, 1, 5);
            rooms.push(tally.entries.capacity());
        }
        rooms.dedup();
        assert_eq!(rooms, [1, 2, 4, 8, 12, 16, 24, 32]);
    }

    #[test]
    fn a_share_leaves_the_count_and_shrinks_the_sum() {
        let shared = Tally::one(3, 2, 70_000).shared(80);
        assert_eq!(shared, Tally::one(3, 2, 56_000));
    }
}
