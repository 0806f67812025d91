//! Which hashes the youngest runs may hold.
//!
//! Contract: a hash that was added is never denied; of others about one in a
//! hundred is not. A bulk load writes run after run, faster than they can be
//! merged, and asks for every key whether it is there: nearly all are not, and
//! this says so without a look at each run. Some 11 to 22 bits a hash; forgotten
//! as soon as all merges are done.

/// Hashes of the first layer; each next one has room for twice as many.
const FIRST: usize = 1 << 14;

/// Bits a hash and bits set for it: about one in a hundred others is not denied.
const BITS: usize = 11;
const PROBES: u32 = 6;

/// Words of a block: one cache line, so that a look costs one miss.
const WORDS: usize = 8;

/// A growing Bloom filter, in blocks.
#[derive(Default)]
pub(crate) struct Recent {
    layers: Vec<Layer>,
}

struct Layer {
    blocks: Vec<[u64; WORDS]>,
    room: usize,
}

impl Recent {
    /// Adds a hash.
    pub(crate) fn add(&mut self, hash: u64) {
        if self.layers.last().is_none_or(|layer| layer.room == 0) {
            self.layers.push(Layer::new(FIRST << self.layers.len()));
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.add(hash);
        }
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Whether the hash may have been added.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        self.layers.iter().rev().any(|layer| layer.may_hold(hash))
    }
}

impl Layer {
    fn new(room: usize) -> Self {
        let blocks = (room * BITS).div_ceil(WORDS * 64);
        Layer {
            blocks: vec![[0; WORDS]; blocks],
            room,
        }
    }

    fn add(&mut self, hash: u64) {
        let block = self.block(hash);
        for (word, bit) in probes(hash) {
            self.blocks[block][word] |= bit;
        }
        self.room -= 1;
    }

    fn may_hold(&self, hash: u64) -> bool {
        let block = &self.blocks[self.block(hash)];
        probes(hash).all(|(word, bit)| block[word] & bit != 0)
    }

    fn block(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.blocks.len() as u128) >> 64) as usize
    }
}

/// The places of a hash within its block, by other bits than choose the block.
fn probes(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8;
    (0..PROBES).map(move |probe| {
        let place = mixed >> (probe * 9) & 511;
        ((place >> 6) as usize, 1 << (place & 63))
    })
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
        let added = 5 * FIRST as u64;
        (0..added).for_each(|number| recent.add(hash(number)));
        assert!((0..added).all(|number| recent.may_hold(hash(number))));
        let others = (added..2 * added).filter(|number| recent.may_hold(hash(*number)));
        let share = others.count() as f64 / added as f64;
        assert!(share < 0.05, "{share}");
    }
}
