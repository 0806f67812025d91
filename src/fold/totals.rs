//! What the facts of a subject come to, slot by slot.

use tocsin_ingest::fact::Slot;

/// What a slot accumulates for an enterprise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Total {
    /// How many facts.
    pub count: i64,
    /// The sum of their values, stored units.
    pub sum: i64,
    /// Event day and value of each, where a feature needs more than their sum.
    pub facts: Vec<(u16, i64)>,
}

/// The accumulators of one subject, by slot: a sorted list, since most subjects
/// have few and a city has tens of millions of subjects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals(Vec<(Slot, Total)>);

impl Totals {
    /// The accumulator of a slot, if anything is in it.
    pub fn get(&self, slot: Slot) -> Option<&Total> {
        let at = self.place(slot).ok()?;
        Some(&self.0[at].1)
    }

    /// The accumulator of a slot.
    pub fn of(&mut self, slot: Slot) -> &mut Total {
        let at = self.place(slot).unwrap_or_else(|at| {
            if self.0.len() == self.0.capacity() {
                self.0.reserve_exact(self.0.len().max(1));
            }
            self.0.insert(at, (slot, Total::default()));
            at
        });
        &mut self.0[at].1
    }

    /// Adds facts to a slot.
    pub fn add(&mut self, slot: Slot, count: i64, sum: i64) {
        let total = self.of(slot);
        total.count += count;
        total.sum += sum;
    }

    /// All accumulators, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Total)> {
        self.0.iter().map(|(slot, total)| (*slot, total))
    }

    fn place(&self, slot: Slot) -> Result<usize, usize> {
        self.0.binary_search_by_key(&slot, |(slot, _)| *slot)
    }
}
