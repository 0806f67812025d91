//! A column of values of which most, or all, are the same: instants and counts.
//!
//! Contract: behaves as a vector. As long as every value is the same one, it is
//! held once; room is made when it is needed and not before. What came up to an
//! instant and was compacted has one time, and nearly everything counts once.

use differential_dataflow::trace::implementations::containers::BatchContainer;

/// Values, held once while they are all the same.
#[derive(Debug, Clone)]
pub(crate) struct Column<T> {
    /// All values; only the first while `same` is not 0.
    each: Vec<T>,
    /// How often the first value is repeated; 0 when every value is held.
    same: usize,
    /// Values there will be at most, where that is known.
    room: usize,
}

impl<T> Column<T> {
    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.each.capacity() * size_of::<T>()
    }

    fn with_room(room: usize) -> Self {
        Column {
            each: Vec::new(),
            same: 0,
            room,
        }
    }
}

impl<T: Clone + Eq> Column<T> {
    fn push(&mut self, value: &T) {
        match (self.each.first(), self.same) {
            (None, _) => {
                self.each.push(value.clone());
                self.same = 1;
            }
            (Some(first), 1..) if first == value => self.same += 1,
            (Some(first), 1..) => {
                let first = first.clone();
                self.each.reserve_exact(self.room.max(self.same + 1) - 1);
                self.each.resize(self.same, first);
                self.each.push(value.clone());
                self.same = 0;
            }
            (Some(_), 0) => self.each.push(value.clone()),
        }
    }
}

impl<T: Ord + Clone + 'static> BatchContainer for Column<T> {
    type Owned = T;
    type ReadItem<'a> = &'a T;

    fn into_owned(item: &T) -> T {
        item.clone()
    }

    fn push_ref(&mut self, item: &T) {
        self.push(item);
    }

    fn push_own(&mut self, item: &T) {
        self.push(item);
    }

    fn clear(&mut self) {
        self.each.clear();
        self.same = 0;
    }

    fn with_capacity(_size: usize) -> Self {
        Column::with_room(0)
    }

    fn merge_capacity(a: &Self, b: &Self) -> Self {
        Column::with_room(a.len() + b.len())
    }

    fn reborrow<'b, 'a: 'b>(item: &'a T) -> &'b T {
        item
    }

    fn index(&self, index: usize) -> &T {
        match self.same {
            0 => &self.each[index],
            _ => &self.each[0],
        }
    }

    fn len(&self) -> usize {
        match self.same {
            0 => self.each.len(),
            same => same,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_column_is_a_vector(
            a in proptest::collection::vec(0u64..2, 0..9),
            b in proptest::collection::vec(0u64..2, 0..9),
        ) {
            let mut column = Column::with_capacity(3);
            a.iter().for_each(|value| column.push_own(value));
            let mut merged = Column::merge_capacity(&column, &column);
            (0..column.len()).for_each(|at| merged.push_ref(column.index(at)));
            b.iter().for_each(|value| merged.push_own(value));
            let both: Vec<u64> = a.iter().chain(&b).copied().collect();
            let found: Vec<u64> = (0..merged.len()).map(|at| *merged.index(at)).collect();
            prop_assert_eq!(&found, &both);
            prop_assert_eq!(merged.last(), both.last());
            merged.clear();
            prop_assert!(merged.is_empty() && merged.last().is_none());
        }
    }

    #[test]
    fn the_same_value_is_held_once() {
        let mut column = Column::with_capacity(1_000);
        (0..1_000).for_each(|_| column.push_own(&7u64));
        assert!(column.len() == 1_000 && column.bytes() <= 64);
    }
}
