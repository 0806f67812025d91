//! Rows of an input that wait for their epoch to close.
//!
//! Contract: rows keep no order. A few are held as they came. Many are packed,
//! to two thirds of the bytes and no allocation of their own, and dealt out by
//! subject, so that they can enter a piece after the other: all rows of one
//! subject are in the same piece. They are read once, from one end to the other,
//! so they may wait in a file.

use bincode::Options;
use differential_dataflow::Hashable;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tocsin_ingest::fact::SubjectKey;

use crate::arrivals::Row;
use crate::pieces::Size;
use crate::spill::{Kept, Place, Spill};
use crate::types::Time;

/// What subjects are dealt out to.
const SHELVES: usize = 64;
/// Bytes of packed rows that lie together: so many that the allocator keeps them
/// in pages of their own, and gives these back when the rows have entered.
const CHUNK: usize = 1 << 20;
/// The same where a chunk goes to a file once it is full.
const SPILLED: usize = 1 << 18;
/// Rows that are taken at once.
const PART: usize = 4096;
/// Bytes that most rows take at most.
const ROW: usize = 128;

/// Rows that wait.
pub(crate) struct Stock<V> {
    size: Size,
    spill: Spill,
    few: Vec<Vec<Row<V>>>,
    rows: usize,
    /// Packed rows; none while there are few.
    shelves: Vec<Shelf>,
    /// Shelves that are empty again.
    emptied: usize,
    /// Pieces that packed rows enter in, once they do.
    pieces: usize,
}

/// Packed rows of some subjects.
#[derive(Default)]
struct Shelf {
    full: Vec<Kept>,
    /// The chunk that is being filled, or taken from.
    chunk: Vec<u8>,
    /// Bytes of it that have been taken.
    taken: usize,
}

/// Some rows of a piece.
pub(crate) struct Part<V> {
    /// The rows; their time is not set.
    pub(crate) rows: Vec<Row<V>>,
    /// Which piece they belong to.
    pub(crate) piece: usize,
    /// Of how many.
    pub(crate) of: usize,
}

impl<V> Stock<V> {
    /// Nothing yet, of what is to enter by pieces of this size; much of it may
    /// wait in a file at `place`.
    pub(crate) fn new(size: Size, place: Place) -> Self {
        Stock {
            size,
            spill: Spill::new(place),
            few: Vec::new(),
            rows: 0,
            shelves: Vec::new(),
            emptied: 0,
            pieces: 1,
        }
    }

    /// Lets much of it wait in a file at a place.
    pub(crate) fn wait_at(&mut self, place: Place) {
        self.spill.move_to(place);
    }

    /// Sets how large pieces are.
    pub(crate) fn resize(&mut self, size: Size) {
        self.size = size;
    }
}

impl<V: Serialize + DeserializeOwned> Stock<V> {
    /// Adds rows; their time does not matter.
    pub(crate) fn add(&mut self, rows: Vec<Row<V>>) {
        self.rows += rows.len();
        if self.shelves.is_empty() && self.rows <= self.size.few() {
            return self.few.push(rows);
        }
        self.shelves.resize_with(SHELVES, Shelf::default);
        self.pieces = self.rows.div_ceil(self.size.rows()).min(SHELVES);
        let room = match self.spill.is_open() {
            true => SPILLED.min(ROW * self.size.rows()),
            false => CHUNK,
        };
        let few = std::mem::take(&mut self.few);
        for ((subject, value), _, times) in few.into_iter().flatten().chain(rows) {
            let shelf = &mut self.shelves[shelf_of(subject)];
            shelf.push(&(subject, value, times), room, &mut self.spill);
        }
    }

    /// Takes some rows, those of the first piece first. Nothing is added any more.
    pub(crate) fn take(&mut self) -> Option<Part<V>> {
        while let Some(shelf) = self.shelves.get_mut(self.emptied) {
            if let Some(rows) = shelf.take(&self.spill) {
                let (piece, of) = (self.emptied * self.pieces / SHELVES, self.pieces);
                return Some(Part { rows, piece, of });
            }
            self.emptied += 1;
        }
        let rows = self.few.pop()?;
        Some(Part {
            rows,
            piece: 0,
            of: 1,
        })
    }
}

/// By other bits than those that deal subjects out to workers.
fn shelf_of(subject: SubjectKey) -> usize {
    (subject.hashed() >> 32) as usize % SHELVES
}

impl Shelf {
    /// Adds a row, to chunks of about `room` bytes.
    fn push<R: Serialize>(&mut self, row: &R, room: usize, spill: &mut Spill) {
        if self.chunk.len() + ROW > room {
            self.full.push(spill.put(&mut self.chunk));
        }
        if self.chunk.capacity() == 0 {
            self.chunk.reserve_exact(room);
        }
        // Writing plain data into memory does not fail.
        let _ = packing().serialize_into(&mut self.chunk, row);
    }

    fn take<V: DeserializeOwned>(&mut self, spill: &Spill) -> Option<Vec<Row<V>>> {
        if self.taken == self.chunk.len() {
            (self.chunk, self.taken) = (Vec::new(), 0);
            self.chunk = spill.take(self.full.pop()?);
        }
        let (mut bytes, mut rows) = (&self.chunk[self.taken..], Vec::with_capacity(PART));
        while !bytes.is_empty() && rows.len() < PART {
            let row = packing().deserialize_from(&mut bytes);
            let (subject, value, times): (SubjectKey, V, isize) =
                row.unwrap_or_else(|error| unreachable!("rows as they were packed: {error}"));
            rows.push(((subject, value), Time::MIN, times));
        }
        self.taken = self.chunk.len() - bytes.len();
        Some(rows)
    }
}

/// Numbers in as many bytes as they need.
fn packing() -> impl Options {
    bincode::DefaultOptions::new()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::testing::enterprise;

    /// What comes out of a stock, by piece.
    fn taken(mut stock: Stock<String>) -> Vec<(usize, Row<String>)> {
        let mut taken = Vec::new();
        while let Some(part) = stock.take() {
            assert!(part.piece < part.of);
            taken.extend(part.rows.into_iter().map(|row| (part.piece, row)));
        }
        taken
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_was_added_is_taken_in_order_of_pieces(
            said in proptest::collection::vec((0u128..99, ".{0,200}", -3isize..4), 1..50),
            size in prop_oneof![Just(1usize), Just(64), Just(1 << 20)],
            in_file in any::<bool>(),
        ) {
            let place = in_file.then(|| std::env::temp_dir().into());
            let rows = said.into_iter().map(|(number, value, times)| {
                ((enterprise(number), value), Time::MIN, times)
            });
            let rows: Vec<Row<String>> = rows.collect();
            let mut stock = Stock::new(Size(size), place);
            let many: Vec<Row<String>> = rows.iter().cycle().take(30_000).cloned().collect();
            many.chunks(999).for_each(|some| stock.add(some.to_vec()));
            prop_assert_eq!(stock.shelves.is_empty(), many.len() <= stock.size.few());
            let taken = taken(stock);
            prop_assert!(taken.is_sorted_by_key(|(piece, _)| *piece));
            let mut pieces = HashMap::new();
            for (piece, ((subject, _), _, _)) in &taken {
                prop_assert_eq!(pieces.entry(*subject).or_insert(*piece), piece);
            }
            let mut found: Vec<_> = taken.into_iter().map(|(_, row)| row).collect();
            let mut added = many;
            found.sort();
            added.sort();
            prop_assert_eq!(found, added);
        }
    }
}
