//! How much a slot remembers of its facts.
//!
//! Contract: a slot keeps no more than the features that use it need: sums, sums
//! by event day, or every value with the number of facts that have it. Whatever
//! it keeps is a sum of what single facts keep, so a fact that is taken back has
//! never been.

use tocsin_ingest::fact::Slot;

use crate::grain::Grain;

/// Slots must be smaller: the bits above say how entries are read.
pub(crate) const MAX_SLOTS: usize = KEY as usize;

/// In a stored slot: `sum` is one value, and part of what tells entries apart.
const VALUE: Slot = 0x8000;

/// In a stored slot with [`VALUE`]: the value is a key, which no share changes.
const KEY: Slot = 0x4000;

/// What is kept of the facts of a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Each {
    /// Their number and the sum of their values.
    #[default]
    Summed,
    /// How many have which value.
    Value,
    /// How many have which key: a value that tells events apart and is no amount.
    Key,
}

/// How much a slot remembers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keeping {
    /// Whether facts of different event days are kept apart.
    pub by_day: bool,
    /// What is kept of those of a day, or of all.
    pub each: Each,
}

impl Keeping {
    /// What must be kept so that what needs either is satisfied.
    pub fn and(self, other: Keeping) -> Keeping {
        Keeping {
            by_day: self.by_day || other.by_day,
            each: self.each.max(other.each),
        }
    }

    /// The slot as entries carry it.
    pub(crate) fn stored(self, slot: Slot) -> Slot {
        match self.each {
            Each::Summed => slot,
            Each::Value => slot | VALUE,
            Each::Key => slot | VALUE | KEY,
        }
    }

    /// Makes a grain of `times` facts of one value what is kept of them.
    pub(crate) fn keep(self, mut grain: Grain, value: i64) -> Grain {
        grain.slot = self.stored(grain.slot);
        if !self.by_day {
            grain.day = 0;
        }
        grain.sum = match self.each {
            Each::Summed => value.wrapping_mul(i64::from(grain.n)),
            Each::Value | Each::Key => value,
        };
        grain
    }
}

/// Whether entries of a stored slot have one value each.
pub(crate) fn has_values(stored: Slot) -> bool {
    stored & VALUE != 0
}

/// Whether the values of a stored slot are keys.
pub(crate) fn has_keys(stored: Slot) -> bool {
    stored & (VALUE | KEY) == VALUE | KEY
}

/// The slot that is stored.
pub(crate) fn slot_of(stored: Slot) -> Slot {
    stored & !(VALUE | KEY)
}
