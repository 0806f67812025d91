//! Attributes: of each source only the latest profile of an enterprise counts.
//!
//! Contract: per enterprise and source the greatest (day, record) wins, then
//! the greatest list of values; arrival plays no part. Withdrawing the latest
//! brings back the one before.

use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::{Profile, Slot};

use crate::tally::Tally;
use crate::total::reduce_total;
use crate::types::{ArrangedSaid, Tallies};

/// What a profile says, without its subject. Its order is the one in which
/// profiles of a source supersede each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Version {
    source: u16,
    day: i32,
    record: u64,
    values: Packed,
}

impl From<&Profile> for Version {
    fn from(profile: &Profile) -> Self {
        Version {
            source: profile.source,
            day: profile.day,
            record: profile.record,
            values: Packed::new(&profile.values),
        }
    }
}

impl Version {
    /// Bytes on the heap.
    pub(crate) fn heap(&self) -> usize {
        self.values.0.len()
    }
}

/// Slots and values, 10 bytes each, in an encoding that sorts as they do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Packed(Box<[u8]>);

impl Packed {
    const BYTES: usize = size_of::<Slot>() + size_of::<i64>();

    fn new(values: &[(Slot, i64)]) -> Self {
        let mut bytes = Vec::with_capacity(values.len() * Self::BYTES);
        for (slot, value) in values {
            bytes.extend(slot.to_be_bytes());
            bytes.extend((value ^ i64::MIN).to_be_bytes());
        }
        Packed(bytes.into_boxed_slice())
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for packed in self.0.chunks_exact(Self::BYTES) {
            let (mut slot, mut value) = ([0; 2], [0; 8]);
            slot.copy_from_slice(&packed[..2]);
            value.copy_from_slice(&packed[2..]);
            let value = i64::from_be_bytes(value) ^ i64::MIN;
            tally.add(Slot::from_be_bytes(slot), 1, value);
        }
        tally
    }
}

/// The tallies of the profiles that count.
pub(crate) fn latest<'scope>(profiles: ArrangedSaid<'scope, Version>) -> Tallies<'scope> {
    reduce_total(profiles, "latest", |enterprise, versions, counting| {
        let alive = versions.iter().filter(|(_, n)| *n > 0);
        let mut alive = alive.map(|(version, _)| *version).peekable();
        while let Some(version) = alive.next() {
            let superseded = alive
                .peek()
                .is_some_and(|next| next.source == version.source);
            if !superseded {
                counting.push((enterprise, version.values.tally()));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{enterprise, outcome, tally};
    use crate::types::arrange_said;

    /// Rows are source, day and value, time, and count.
    fn check(rows: &[((u16, i32, i64), u64, isize)], expected: &[(u64, i32, i64)]) {
        let found = outcome(rows.to_vec(), 100, |rows| {
            let profiles = rows.map(|(source, day, value)| {
                let values = Packed::new(&[(2, value)]);
                let record = 1;
                let version = Version {
                    source,
                    day,
                    record,
                    values,
                };
                (enterprise(1), version)
            });
            latest(arrange_said(profiles, "profiles"))
        });
        let expected = expected
            .iter()
            .map(|(time, n, sum)| (enterprise(1), *time, tally(*n, *sum)));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }

    #[test]
    fn the_latest_day_counts_whenever_it_arrives_and_gives_way_when_withdrawn() {
        let rows = [
            ((4, 9, 90), 1, 1),
            ((4, 8, 80), 2, 1),
            ((4, 9, 90), 3, -1),
            ((4, 8, 80), 4, -1),
        ];
        check(&rows, &[(1, 1, 90), (3, 0, -10), (4, -1, -80)]);
    }

    #[test]
    fn each_source_has_its_own_latest() {
        let rows = [((4, 9, 90), 1, 1), ((5, 8, 80), 1, 1), ((5, 9, 70), 2, 1)];
        check(&rows, &[(1, 2, 170), (2, 0, -10)]);
    }

    proptest! {
        #[test]
        fn packed_values_sort_as_values_and_come_back(
            a in proptest::collection::vec((any::<u16>(), any::<i64>()), 0..3),
            b in proptest::collection::vec((any::<u16>(), any::<i64>()), 0..3),
        ) {
            prop_assert_eq!(Packed::new(&a).cmp(&Packed::new(&b)), a.cmp(&b));
            let mut tally = Tally::default();
            a.iter().for_each(|(slot, value)| tally.add(*slot, 1, *value));
            prop_assert_eq!(Packed::new(&a).tally(), tally);
        }
    }
}
