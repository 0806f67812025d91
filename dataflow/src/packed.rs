//! Tallies at rest: a column of bytes instead of one allocation a tally.
//!
//! Contract: unpacking gives back the tally that was packed. Slots are written
//! as distances with a bit that says whether a day follows, counts and sums
//! zigzag, all in as many bytes of 7 bits as they need: some 6 bytes an entry
//! instead of 16 and an allocation.

use differential_dataflow::difference::Semigroup;
use differential_dataflow::trace::implementations::containers::BatchContainer;

use crate::strings::Strings;
use crate::tally::{Entry, Tally};

/// Up to so many entries are added one by one.
const FEW: usize = 4;
/// Bytes of an entry at most: 17, 33 and 64 bits, 7 a byte.
const MAX_BYTES: usize = 3 + 5 + 10;

/// A tally in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    /// The entries, sorted by slot.
    pub(crate) fn entries(self) -> impl Iterator<Item = Entry> + 'a {
        let (mut bytes, mut slot) = (self.0, 0);
        std::iter::from_fn(move || {
            let head = read(&mut bytes)?;
            slot += (head >> 1) as u16;
            let day = match head & 1 {
                0 => 0,
                _ => read(&mut bytes)? as u16,
            };
            let n = unzigzag(read(&mut bytes)?) as i32;
            let sum = unzigzag(read(&mut bytes)?);
            Some(Entry { slot, day, n, sum })
        })
    }

    /// The tally.
    pub(crate) fn tally(self) -> Tally {
        Tally::from_sorted(self.entries(), self.most_entries())
    }

    /// Adds it to a tally.
    pub(crate) fn add_to(self, tally: &mut Tally) {
        match tally.entries() {
            [] => tally.fill(self.entries(), self.most_entries()),
            // What one epoch said of an enterprise is little beside what is known.
            _ if self.most_entries() <= FEW => self.entries().for_each(|entry| tally.put(entry)),
            _ => tally.plus_equals(&self.tally()),
        }
    }

    /// How many entries there are at most: each has three numbers, or four, and a
    /// number ends with its only byte below 128.
    fn most_entries(self) -> usize {
        self.0.iter().filter(|byte| **byte < 0x80).count() / 3
    }
}

/// Packed tallies, one after another.
pub(crate) struct PackedTallies(Strings);

impl PackedTallies {
    /// Bytes of all tallies.
    pub(crate) fn bytes(&self) -> usize {
        self.0.held()
    }
}

impl BatchContainer for PackedTallies {
    type Owned = Tally;
    type ReadItem<'a> = Packed<'a>;

    fn into_owned(item: Packed<'_>) -> Tally {
        item.tally()
    }

    fn push_ref(&mut self, item: Packed<'_>) {
        self.0.push(item.0);
    }

    fn push_own(&mut self, item: &Tally) {
        let most = item.entries().len() * MAX_BYTES;
        self.0.write(most, |bytes| pack(item, bytes));
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn with_capacity(size: usize) -> Self {
        PackedTallies(Strings::with_room(size, 0))
    }

    fn merge_capacity(a: &Self, b: &Self) -> Self {
        PackedTallies(Strings::with_room_for(&a.0, &b.0))
    }

    fn reborrow<'b, 'a: 'b>(item: Packed<'a>) -> Packed<'b> {
        item
    }

    fn index(&self, index: usize) -> Packed<'_> {
        Packed(self.0.at(index))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

fn pack(tally: &Tally, bytes: &mut Vec<u8>) {
    let mut before = 0;
    for entry in tally.entries() {
        let dated = u64::from(entry.day != 0);
        write(u64::from(entry.slot - before) << 1 | dated, bytes);
        if entry.day != 0 {
            write(u64::from(entry.day), bytes);
        }
        write(zigzag(i64::from(entry.n)), bytes);
        write(zigzag(entry.sum), bytes);
        before = entry.slot;
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn write(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Reads what [`write()`] wrote; `None` at the end.
fn read(bytes: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally() -> impl Strategy<Value = Tally> {
        let value = prop_oneof![-99i64..99, any::<i64>()];
        let entry = (any::<u16>(), any::<u16>(), any::<i32>(), value);
        proptest::collection::vec(entry, 0..6).prop_map(|entries| {
            let mut tally = Tally::default();
            for (slot, day, n, sum) in entries {
                tally.put(Entry { slot, day, n, sum });
            }
            tally
        })
    }

    proptest! {
        #[test]
        fn tallies_come_back_as_they_were(tallies in proptest::collection::vec(tally(), 0..5)) {
            let mut column = PackedTallies::with_capacity(0);
            tallies.iter().for_each(|tally| column.push_own(tally));
            let mut copy = PackedTallies::merge_capacity(&column, &column);
            (0..column.len()).for_each(|place| copy.push_ref(column.index(place)));
            prop_assert_eq!(copy.len(), tallies.len());
            for (place, tally) in tallies.iter().enumerate() {
                prop_assert_eq!(&copy.index(place).tally(), tally);
            }
            copy.clear();
            prop_assert_eq!(copy.len(), 0);
        }

        #[test]
        fn adding_packed_is_adding(mut tally in tally(), other in tally()) {
            let mut column = PackedTallies::with_capacity(0);
            column.push_own(&other);
            let mut sum = tally.clone();
            sum.plus_equals(&other);
            column.index(0).add_to(&mut tally);
            prop_assert_eq!(tally, sum);
        }
    }
}
