//! Which hashes the youngest runs may hold.
//!
//! Contract: a hash that was added is never denied, and of others hardly one in a
//! hundred thousand is not. A bulk load writes run after run, faster than they can
//! be merged, and asks for every key whether it is there: nearly all are not, and
//! this says so without a look at each run. A hash that is wrongly not denied costs
//! a block of each of them, which with a hundred runs and more is what a load would
//! spend most of its time on. Some 5 to 7 bytes a hash; forgotten as soon as all merges
//! are done.

use std::hint::black_box;

use super::entry::Entry;

/// Bits of a hash that choose a bucket from the beginning.
const FIRST_BITS: u32 = 8;
/// Buckets are parted when they hold more than so many hashes on average.
const FULL: usize = 128;
/// By so many hashes a bucket grows.
const STEP: usize = 16;
/// So many buckets are looked into before they are read or added to.
const AHEAD: usize = 32;

/// Of each hash the 32 bits behind the first [`FIRST_BITS`], in buckets by the
/// hash's leading bits.
#[derive(Default)]
pub(crate) struct Recent {
    /// Two to the power of [`FIRST_BITS`] and more; none before the first hash.
    buckets: Vec<Vec<u32>>,
    hashes: usize,
}

impl Recent {
    /// Adds the hashes of entries, in any order.
    pub(crate) fn add_all(&mut self, entries: &[Entry]) {
        for some in entries.chunks(AHEAD) {
            self.fetch(some.iter().map(|entry| entry.hash));
            some.iter().for_each(|entry| self.add(entry.hash));
        }
    }

    /// Those of the hashes that may have been added.
    pub(crate) fn among(&self, hashes: &[u64]) -> Vec<u64> {
        let mut found = Vec::new();
        for some in hashes.chunks(AHEAD) {
            self.fetch(some.iter().copied());
            found.extend(some.iter().copied().filter(|hash| self.may_hold(*hash)));
        }
        found
    }

    /// Looks into the buckets of these hashes. They lie anywhere in memory: looked
    /// up one behind the other their cache misses overlap.
    fn fetch(&self, hashes: impl Iterator<Item = u64>) {
        if self.is_empty() {
            return;
        }
        for hash in hashes {
            let bucket = &self.buckets[self.place(hash)];
            black_box((bucket.first().copied(), bucket.last().copied()));
        }
    }

    /// Adds a hash.
    fn add(&mut self, hash: u64) {
        if self.buckets.is_empty() {
            self.buckets = vec![Vec::new(); 1 << FIRST_BITS];
        } else if self.hashes >= self.buckets.len() * FULL {
            self.part();
        }
        let place = self.place(hash);
        push(&mut self.buckets[place], print(hash));
        self.hashes += 1;
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.hashes == 0
    }

    /// Whether the hash may have been added.
    fn may_hold(&self, hash: u64) -> bool {
        !self.is_empty() && self.buckets[self.place(hash)].contains(&print(hash))
    }

    fn place(&self, hash: u64) -> usize {
        (hash >> (u64::BITS - self.buckets.len().ilog2())) as usize
    }

    /// Makes two of each bucket: its prints know the next bit of their hashes.
    fn part(&mut self) {
        let known = self.buckets.len().ilog2() - FIRST_BITS;
        // No bit is left to part by beyond 2³⁶ buckets, which no memory holds.
        let next = 1 << (u32::BITS - 1).saturating_sub(known);
        let mut parted = Vec::with_capacity(self.buckets.len() * 2);
        for bucket in std::mem::take(&mut self.buckets) {
            let room = FULL / 2 + STEP;
            let (mut low, mut high) = (Vec::with_capacity(room), Vec::with_capacity(room));
            for print in bucket {
                push(
                    if print & next == 0 {
                        &mut low
                    } else {
                        &mut high
                    },
                    print,
                );
            }
            parted.extend([low, high]);
        }
        self.buckets = parted;
    }
}

/// What is kept of a hash.
fn print(hash: u64) -> u32 {
    (hash << FIRST_BITS >> u32::BITS) as u32
}

/// Grows by small steps: buckets are many and fill evenly.
fn push(bucket: &mut Vec<u32>, print: u32) {
    if bucket.len() == bucket.capacity() {
        bucket.reserve_exact(STEP);
    }
    bucket.push(print);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&number.to_le_bytes())
    }

    #[test]
    fn what_was_added_is_never_denied_and_little_else_is_not() {
        let mut recent = Recent::default();
        assert!(!recent.may_hold(hash(1)));
        let added = 100_000;
        for number in 0..added {
            recent.add(hash(number));
            assert!(recent.may_hold(hash(number / 2)));
        }
        assert!((0..added).all(|number| recent.may_hold(hash(number))));
        let others = (added..5 * added).filter(|number| recent.may_hold(hash(*number)));
        assert!(others.count() <= 4);
    }

    #[test]
    fn a_hash_costs_five_to_seven_bytes() {
        let mut recent = Recent::default();
        for number in 0..200_000 {
            recent.add(hash(number));
            if number % 7_777 == 7_776 {
                let buckets = recent.buckets.iter().map(Vec::capacity).sum::<usize>();
                let bytes =
                    buckets * size_of::<u32>() + recent.buckets.len() * size_of::<Vec<u32>>();
                assert!(bytes < 7 * recent.hashes, "{bytes} for {}", recent.hashes);
            }
        }
    }
}
