//! The smallest thing that is added: facts of one slot about one subject.

use tocsin_ingest::fact::{Observation, Slot, SubjectKey};

/// So many facts of a slot about a subject, and what they sum to. 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grain {
    /// Whom they are about.
    pub(crate) subject: SubjectKey,
    /// The sum of their values, in stored units.
    pub(crate) sum: i64,
    /// How many.
    pub(crate) n: i32,
    /// Their slot.
    pub(crate) slot: Slot,
}

/// A grain that counts until a day, or [`NEVER`](tocsin_ingest::fact::NEVER)
/// stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dated {
    /// The day on which it stops counting.
    pub(crate) expiry: i32,
    /// What counts.
    pub(crate) grain: Grain,
}

impl Grain {
    /// What makes grains one.
    pub(crate) fn key(&self) -> (SubjectKey, Slot) {
        (self.subject, self.slot)
    }

    /// Adds a grain of the same key.
    pub(crate) fn plus(&mut self, other: &Grain) {
        self.n = self.n.wrapping_add(other.n);
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// Whether it adds nothing.
    pub(crate) fn is_zero(&self) -> bool {
        self.n == 0 && self.sum == 0
    }
}

impl Dated {
    /// An observation, `times` over.
    pub(crate) fn new(observation: &Observation, times: i32) -> Self {
        let grain = Grain {
            subject: observation.subject,
            sum: observation.value.wrapping_mul(i64::from(times)),
            n: times,
            slot: observation.slot,
        };
        Dated {
            expiry: observation.expiry,
            grain,
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
