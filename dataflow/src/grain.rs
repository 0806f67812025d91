//! The smallest thing that is added: facts of one slot about one subject.

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::{Observation, Slot, SubjectKey};

use crate::keeping::{Keeping, has_values};
use crate::tally::Entry;

/// So many facts of a slot about a subject, and what is kept of them: see
/// [`Entry`]. 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grain {
    /// Whom they are about.
    pub(crate) subject: SubjectKey,
    /// The sum of their values or their one value, in stored units.
    pub(crate) sum: i64,
    /// How many.
    pub(crate) n: i32,
    /// Their stored slot.
    pub(crate) slot: Slot,
    /// Their event day, where it is kept; else 0.
    pub(crate) day: u16,
}

/// A grain that counts until a day, or [`NEVER`](tocsin_ingest::fact::NEVER)
/// stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dated {
    /// The day on which it stops counting.
    pub(crate) expiry: i32,
    /// What counts.
    pub(crate) grain: Grain,
}

impl Grain {
    /// What makes grains one.
    pub(crate) fn key(&self) -> (SubjectKey, Slot, u16, i64) {
        let value = if has_values(self.slot) { self.sum } else { 0 };
        (self.subject, self.slot, self.day, value)
    }

    /// Adds a grain of the same key.
    pub(crate) fn plus(&mut self, other: &Grain) {
        let mut entry = self.entry();
        entry.plus(&other.entry());
        (self.n, self.sum) = (entry.n, entry.sum);
    }

    /// Whether it adds nothing.
    pub(crate) fn is_zero(&self) -> bool {
        self.entry().is_zero()
    }

    /// The grain without its subject.
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            slot: self.slot,
            day: self.day,
            n: self.n,
            sum: self.sum,
        }
    }
}

impl Dated {
    /// What is kept of an observation of a subject, `times` over; the subject is
    /// the observation's, as the engine knows it.
    pub(crate) fn new(
        observation: &Observation,
        subject: SubjectKey,
        times: i32,
        keeping: Keeping,
    ) -> Self {
        let grain = Grain {
            subject,
            sum: 0,
            n: times,
            slot: observation.slot,
            day: observation.day,
        };
        Dated {
            expiry: observation.expiry,
            grain: keeping.keep(grain, observation.value),
        }
    }

    /// Whether both count for the same subject until the same day.
    pub(crate) fn is_with(&self, other: &Dated) -> bool {
        self.grain.subject == other.grain.subject && self.expiry == other.expiry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grain_takes_32_bytes() {
        assert_eq!(size_of::<Grain>(), 32);
    }
}
