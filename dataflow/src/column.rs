//! A column of values of which most, or all, are the same: instants and counts.
//!
//! Contract: behaves as a vector. As long as every value is the same one, it is
//! held once; as long as few are different, each takes a byte; room is made when
//! it is needed and not before. What came up to an instant and was compacted has
//! one time, and nearly everything counts once.

use differential_dataflow::trace::implementations::containers::BatchContainer;

/// So many different values are told apart by a byte.
const DISTINCT: usize = 64;

/// Values, held once each while few are different.
#[derive(Debug, Clone)]
pub(crate) struct Column<T> {
    /// All values; while `same` is not 0 or there are `codes`, the different ones.
    each: Vec<T>,
    /// How often the first value is repeated, while it is the only one; else 0.
    same: usize,
    /// Which of the different values each is, while they are few.
    codes: Vec<u8>,
    /// Values there will be at most, where that is known.
    room: usize,
}

impl<T> Column<T> {
    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.each.capacity() * size_of::<T>() + self.codes.capacity()
    }

    fn with_room(room: usize) -> Self {
        Column {
            each: Vec::new(),
            same: 0,
            codes: Vec::new(),
            room,
        }
    }

    /// Which of the values held a row has.
    fn place(&self, index: usize) -> usize {
        match self.codes.get(index) {
            _ if self.same > 0 => 0,
            Some(code) => usize::from(*code),
            None => index,
        }
    }
}

impl<T: Clone + Eq> Column<T> {
    fn push(&mut self, value: &T) {
        if self.each.is_empty() {
            self.each.push(value.clone());
            self.same = 1;
        } else if self.same > 0 {
            match self.each.first() == Some(value) {
                true => self.same += 1,
                false => {
                    self.codes.reserve_exact(self.room.max(self.same + 1));
                    self.codes.resize(self.same, 0);
                    self.same = 0;
                    self.push_coded(value);
                }
            }
        } else if self.codes.is_empty() {
            self.each.push(value.clone());
        } else {
            self.push_coded(value);
        }
    }

    fn push_coded(&mut self, value: &T) {
        let last = self.codes.last().copied().unwrap_or(0);
        // Most are as the one before.
        if self.each.get(usize::from(last)) == Some(value) {
            return self.codes.push(last);
        }
        match self.each.iter().position(|known| known == value) {
            Some(code) => self.codes.push(code as u8),
            None if self.each.len() < DISTINCT => {
                self.codes.push(self.each.len() as u8);
                self.each.push(value.clone());
            }
            None => {
                let codes = std::mem::take(&mut self.codes);
                let known = std::mem::take(&mut self.each);
                self.each.reserve_exact(self.room.max(codes.len() + 1));
                let values = codes.iter().map(|code| known[usize::from(*code)].clone());
                self.each.extend(values);
                self.each.push(value.clone());
            }
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
        self.codes.clear();
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
        &self.each[self.place(index)]
    }

    fn len(&self) -> usize {
        match (self.same, self.codes.len()) {
            (0, 0) => self.each.len(),
            (same, coded) => same + coded,
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
            a in proptest::collection::vec(0u64..3, 0..9),
            b in prop_oneof![
                proptest::collection::vec(0u64..3, 0..9),
                proptest::collection::vec(0u64..99, 0..300),
            ],
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
    fn few_values_take_a_byte_each() {
        let mut column = Column::with_capacity(0);
        (0..10_000).for_each(|row| column.push_own(&(row / 200)));
        assert!(column.len() == 10_000 && column.bytes() <= 20_000);
        (0..10_000).for_each(|row| assert_eq!(*column.index(row as usize), row / 200));
        column.push_own(&999_999u64);
        (0..DISTINCT as u64).for_each(|value| column.push_own(&(value + 1_000_000)));
        assert_eq!((column.len(), *column.index(9_999)), (10_065, 49));
        assert_eq!(*column.index(10_000), 999_999);
    }

    #[test]
    fn the_same_value_is_held_once() {
        let mut column = Column::with_capacity(1_000);
        (0..1_000).for_each(|_| column.push_own(&7u64));
        assert!(column.len() == 1_000 && column.bytes() <= 64);
    }
}
