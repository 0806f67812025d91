//! Byte strings, one after another: a column of bytes instead of one allocation
//! a string.
//!
//! Contract: a string has the place it was pushed at; together they take their
//! bytes, four each for where they begin, and at most an eighth of room to spare.

use differential_dataflow::trace::implementations::OffsetList;

/// Byte strings.
pub(crate) struct Strings {
    bytes: Vec<u8>,
    /// Where each begins; one more than there are.
    begins: OffsetList,
}

impl Strings {
    /// Room for so many strings, of so many bytes together.
    pub(crate) fn with_room(strings: usize, bytes: usize) -> Self {
        let mut begins = OffsetList::with_capacity(strings + 1);
        begins.push(0);
        let bytes = Vec::with_capacity(bytes);
        Strings { bytes, begins }
    }

    /// Room for the strings of both.
    pub(crate) fn with_room_for(a: &Self, b: &Self) -> Self {
        Strings::with_room(a.len() + b.len(), a.bytes.len() + b.bytes.len())
    }

    /// Bytes that are held.
    pub(crate) fn held(&self) -> usize {
        self.bytes.capacity() + self.begins.len() * size_of::<u32>()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.begins.len() - 1
    }

    /// The string at a place.
    pub(crate) fn at(&self, place: usize) -> &[u8] {
        let (begin, end) = (self.begins.index(place), self.begins.index(place + 1));
        &self.bytes[begin..end]
    }

    /// Adds a string.
    pub(crate) fn push(&mut self, string: &[u8]) {
        self.write(string.len(), |bytes| bytes.extend_from_slice(string));
    }

    /// Adds the string that is written, of so many bytes at most. What there is
    /// grows by an eighth: to double would leave as much empty as is full.
    pub(crate) fn write(&mut self, most: usize, write: impl FnOnce(&mut Vec<u8>)) {
        if self.bytes.capacity() - self.bytes.len() < most {
            self.bytes.reserve_exact(most + self.bytes.len() / 8);
        }
        write(&mut self.bytes);
        self.begins.push(self.bytes.len());
    }

    /// Takes all away.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.begins = Strings::with_room(0, 0).begins;
    }
}
