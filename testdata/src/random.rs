//! Randomness by name: every decision is keyed by the seed, a stream and two
//! numbers. Nothing depends on what was drawn before it, nothing is a fraction.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A generator for part (`stream`, `a`, `b`) of the benchmark's load.
pub(crate) fn keyed(seed: u64, stream: u32, a: i64, b: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..12].copy_from_slice(&stream.to_le_bytes());
    key[12..20].copy_from_slice(&a.to_le_bytes());
    key[20..28].copy_from_slice(&b.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of splitmix64.
const fn finish(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A hash of four numbers.
pub(crate) fn mix(seed: u64, stream: u32, a: u64, b: u64) -> u64 {
    let step = |state: u64, value: u64| finish((state ^ value).wrapping_add(GOLDEN));
    step(step(step(seed, u64::from(stream)), a), b)
}

/// Dice that are cheap to make and to throw (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice of decision (`stream`, `a`, `b`).
    pub(crate) fn new(seed: u64, stream: u32, a: u64, b: u64) -> Dice {
        Dice(mix(seed, stream, a, b))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        finish(self.0)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included; `low` when there is none.
    pub(crate) fn range(&mut self, low: i32, high: i32) -> i32 {
        let width = (i64::from(high) - i64::from(low) + 1).max(1);
        low + self.below(width.min(i64::from(u32::MAX)) as u32) as i32
    }

    /// As [`Dice::range`], for amounts.
    pub(crate) fn amount(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % ((high - low + 1).max(1) as u64)) as i64
    }

    pub(crate) fn per_cent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn per_mille(&mut self, chance: u32) -> bool {
        self.below(1_000) < chance
    }

    /// True with a chance of `ppm` in a million.
    pub(crate) fn ppm(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < ppm
    }

    /// A whole number whose mean is `ppm` in a million.
    pub(crate) fn count(&mut self, ppm: u64) -> u32 {
        (ppm / 1_000_000) as u32 + u32::from(self.ppm((ppm % 1_000_000) as u32))
    }

    /// One of `list`, which is not empty.
    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u32) as usize]
    }

    /// The place of one of `weights`, by weight.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut rest = self.below(weights.clone().sum::<u32>().max(1));
        for (at, weight) in weights.enumerate() {
            if rest < weight {
                return at;
            }
            rest -= weight;
        }
        0
    }
}

/// The streams of [`mix`] and [`Dice`]: one a decision.
pub(crate) mod stream {
    pub(crate) const ENTERPRISE: u32 = 1;
    pub(crate) const AGE: u32 = 2;
    pub(crate) const PLAN: u32 = 3;
    pub(crate) const SLOT: u32 = 4;
    pub(crate) const LIFE: u32 = 5;
    pub(crate) const FIGURE: u32 = 6;
    pub(crate) const SHARE: u32 = 7;
    pub(crate) const LAG: u32 = 8;
    pub(crate) const DIRT: u32 = 9;
    pub(crate) const CHOICE: u32 = 10;
    pub(crate) const PAYMENTS: u32 = 11;
    pub(crate) const FLOOR: u32 = 12;
    pub(crate) const SCHEME: u32 = 13;
    pub(crate) const REMARK: u32 = 14;
    pub(crate) const STYLE: u32 = 16;
    pub(crate) const LOT: u32 = 17;
    pub(crate) const ACCOUNT: u32 = 901;
    pub(crate) const PERSON: u32 = 902;
    pub(crate) const ADDRESS: u32 = 903;
    pub(crate) const NAME: u32 = 904;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_are_fair_enough() {
        let mut dice = Dice::new(1, 1, 1, 1);
        let mut seen = [0u32; 10];
        for _ in 0..100_000 {
            seen[dice.below(10) as usize] += 1;
        }
        assert!(
            seen.iter().all(|count| (9_500..10_500).contains(count)),
            "{seen:?}"
        );
    }
}
