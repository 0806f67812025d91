//! Attributes: of each source only the latest profile of an enterprise counts.
//!
//! Contract: per enterprise and source the greatest (day, record) wins, then
//! the greatest list of values; arrival plays no part. Withdrawing the latest
//! brings back the one before.

use differential_dataflow::trace::implementations::containers::BatchContainer;
use serde::{Deserialize, Serialize};
use timely::container::PushInto;
use tocsin_ingest::fact::{Profile, Slot};

use crate::strings::Strings;
use crate::tally::Tally;
use crate::total::reduce_total;
use crate::types::{ArrangedProfiles, Tallies};

/// What a profile says, without its subject: source, day, record, and slots with
/// values, in an encoding that sorts as they do. Its order is the one in which
/// profiles of a source supersede each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Version(Box<[u8]>);

/// Versions, one after another.
pub(crate) struct Versions(Strings);

/// A version among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Said<'a>(&'a [u8]);

/// Bytes before slots and values.
const HEAD: usize = size_of::<u16>() + size_of::<i32>() + size_of::<u64>();
/// Bytes of a slot and its value.
const VALUE: usize = size_of::<Slot>() + size_of::<i64>();

impl From<&Profile> for Version {
    fn from(profile: &Profile) -> Self {
        let mut bytes = Vec::with_capacity(HEAD + profile.values.len() * VALUE);
        bytes.extend(profile.source.to_be_bytes());
        bytes.extend((profile.day ^ i32::MIN).to_be_bytes());
        bytes.extend(profile.record.to_be_bytes());
        for (slot, value) in &profile.values {
            bytes.extend(slot.to_be_bytes());
            bytes.extend((value ^ i64::MIN).to_be_bytes());
        }
        Version(bytes.into_boxed_slice())
    }
}

impl Version {
    /// Bytes on the heap.
    pub(crate) fn heap(&self) -> usize {
        self.0.len()
    }
}

impl PartialEq<&Version> for Said<'_> {
    fn eq(&self, version: &&Version) -> bool {
        *self.0 == *version.0
    }
}

impl<'a> Said<'a> {
    fn source(self) -> &'a [u8] {
        &self.0[..size_of::<u16>()]
    }

    fn tally(self) -> Tally {
        let mut tally = Tally::default();
        for said in self.0[HEAD..].chunks_exact(VALUE) {
            let (mut slot, mut value) = ([0; 2], [0; 8]);
            slot.copy_from_slice(&said[..2]);
            value.copy_from_slice(&said[2..]);
            let value = i64::from_be_bytes(value) ^ i64::MIN;
            tally.add(Slot::from_be_bytes(slot), 1, value);
        }
        tally
    }
}

impl Versions {
    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.0.held()
    }
}

impl PushInto<Version> for Versions {
    fn push_into(&mut self, item: Version) {
        self.push_own(&item);
    }
}

impl BatchContainer for Versions {
    type Owned = Version;
    type ReadItem<'a> = Said<'a>;

    fn into_owned(item: Said<'_>) -> Version {
        Version(item.0.into())
    }

    fn push_ref(&mut self, item: Said<'_>) {
        self.0.push(item.0);
    }

    fn push_own(&mut self, item: &Version) {
        self.0.push(&item.0);
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn with_capacity(size: usize) -> Self {
        Versions(Strings::with_room(size, 0))
    }

    fn merge_capacity(a: &Self, b: &Self) -> Self {
        Versions(Strings::with_room_for(&a.0, &b.0))
    }

    fn reborrow<'b, 'a: 'b>(item: Said<'a>) -> Said<'b> {
        item
    }

    fn index(&self, index: usize) -> Said<'_> {
        Said(self.0.at(index))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The tallies of the profiles that count.
pub(crate) fn latest<'scope>(profiles: ArrangedProfiles<'scope>) -> Tallies<'scope> {
    reduce_total(profiles, "latest", |enterprise, versions, counting| {
        let alive = versions.iter().filter(|(_, n)| *n > 0);
        let mut alive = alive.map(|(version, _)| *version).peekable();
        while let Some(version) = alive.next() {
            let superseded = alive
                .peek()
                .is_some_and(|next| next.source() == version.source());
            if !superseded {
                counting.push((enterprise, version.tally()));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{enterprise, outcome, tally};
    use crate::types::arrange_profiles;

    fn version(source: u16, day: i32, record: u64, values: Vec<(Slot, i64)>) -> Version {
        Version::from(&Profile {
            subject: enterprise(1),
            named: 0,
            source,
            day,
            record,
            values,
        })
    }

    /// Rows are source, day and value, time, and count.
    fn check(rows: &[((u16, i32, i64), u64, isize)], expected: &[(u64, i32, i64)]) {
        let found = outcome(rows.to_vec(), 100, |rows| {
            let profiles = rows.map(|(source, day, value)| {
                (enterprise(1), version(source, day, 1, vec![(2, value)]))
            });
            latest(arrange_profiles(profiles, "profiles"))
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
        fn versions_sort_as_what_they_say_and_come_back(
            a in said(),
            b in said(),
        ) {
            let of = |(source, day, record, values): &Spoken| {
                version(*source, *day, *record, values.clone())
            };
            prop_assert_eq!(of(&a).cmp(&of(&b)), a.cmp(&b));
            let mut column = Versions::with_capacity(0);
            [&a, &b].iter().for_each(|said| column.push_own(&of(said)));
            prop_assert_eq!(column.index(0).cmp(&column.index(1)), a.cmp(&b));
            prop_assert!(column.index(1) == &of(&b));
            prop_assert_eq!(Versions::into_owned(column.index(0)), of(&a));
            let mut tally = Tally::default();
            a.3.iter().for_each(|(slot, value)| tally.add(*slot, 1, *value));
            prop_assert_eq!(column.index(0).tally(), tally);
        }
    }

    type Spoken = (u16, i32, u64, Vec<(Slot, i64)>);

    fn said() -> impl Strategy<Value = Spoken> {
        let values = proptest::collection::vec((any::<u16>(), any::<i64>()), 0..3);
        let small = (0u16..2, -1i32..2, 0u64..2, values.clone());
        prop_oneof![small, (any::<u16>(), any::<i32>(), any::<u64>(), values)]
    }
}
