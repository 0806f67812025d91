//! Counts and sums by slot, carried in the difference of an update.
//!
//! Contract: entries are sorted by slot, a slot occurs once, and an entry whose
//! count and sum are both zero is not there; so equal tallies are equal bytes
//! and the empty tally is the zero. Arithmetic wraps: it is a group whatever is
//! added, and what was added can always be taken away again exactly.

use differential_dataflow::difference::{Abelian, IsZero, Monoid, Multiply, Semigroup};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tocsin_ingest::fact::Slot;

/// What one slot has accumulated. 16 bytes.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Entry {
    /// The slot.
    pub slot: Slot,
    /// How many facts.
    pub n: i32,
    /// The sum of their values, in stored units.
    pub sum: i64,
}

impl Entry {
    fn is_zero(&self) -> bool {
        self.n == 0 && self.sum == 0
    }

    fn plus(&mut self, other: &Entry) {
        self.n = self.n.wrapping_add(other.n);
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// A sparse map from slot to count and sum.
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
        let entry = Entry { slot, n, sum };
        match self.place(slot) {
            Ok(at) => {
                self.entries[at].plus(&entry);
                if self.entries[at].is_zero() {
                    self.entries.remove(at);
                }
            }
            Err(at) if !entry.is_zero() => self.entries.insert(at, entry),
            Err(_) => {}
        }
    }

    /// The tally of entries that are sorted by slot and not zero.
    pub(crate) fn from_sorted(entries: impl Iterator<Item = Entry>) -> Self {
        let entries = entries.collect();
        Tally { entries }
    }

    /// The entry of `slot`, all zero when there is none.
    pub fn get(&self, slot: Slot) -> Entry {
        match self.place(slot) {
            Ok(at) => self.entries[at],
            Err(_) => Entry {
                slot,
                ..Entry::default()
            },
        }
    }

    /// The entries, sorted by slot.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The tally as it reaches an enterprise along a path of `share` per cent:
    /// counts stay, sums shrink. Linear as long as sums are multiples of 100,
    /// which mapping guarantees for subjects that travel.
    pub(crate) fn shared(&self, share: u8) -> Tally {
        let mut tally = self.clone();
        for entry in &mut tally.entries {
            entry.sum = (entry.sum / 100).wrapping_mul(i64::from(share));
        }
        tally.drop_zeros();
        tally
    }

    fn place(&self, slot: Slot) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&slot, |entry| entry.slot)
    }

    fn drop_zeros(&mut self) {
        self.entries.retain(|entry| !entry.is_zero());
    }

    fn merge(&mut self, other: &[Entry]) {
        let mine = std::mem::take(&mut self.entries);
        let mut merged = SmallVec::with_capacity(mine.len() + other.len());
        let (mut left, mut right) = (mine.iter().peekable(), other.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let mut entry = if a.slot <= b.slot { **a } else { **b };
            let (from_left, from_right) = (a.slot <= b.slot, b.slot <= a.slot);
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
            [one] => self.add(one.slot, one.n, one.sum),
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
        for entry in &mut self.entries {
            entry.n = entry.n.wrapping_neg();
            entry.sum = entry.sum.wrapping_neg();
        }
    }
}

impl Multiply<isize> for Tally {
    type Output = Tally;

    fn multiply(mut self, times: &isize) -> Tally {
        if *times == 1 {
            return self;
        }
        for entry in &mut self.entries {
            entry.n = entry.n.wrapping_mul(*times as i32);
            entry.sum = entry.sum.wrapping_mul(*times as i64);
        }
        self.drop_zeros();
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally() -> impl Strategy<Value = Tally> {
        let entry = (0u16..6, -2i32..3, prop_oneof![-3i64..3, any::<i64>()]);
        proptest::collection::vec(entry, 0..6).prop_map(|entries| {
            let mut tally = Tally::default();
            for (slot, n, sum) in entries {
                tally.add(slot, n, sum);
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
            prop_assert!(plus(&a, &b).entries().is_sorted_by(|x, y| x.slot < y.slot));
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
    fn a_share_leaves_the_count_and_shrinks_the_sum() {
        let shared = Tally::one(3, 2, 70_000).shared(80);
        assert_eq!(shared, Tally::one(3, 2, 56_000));
    }
}
