//! Randomness by name: every decision has its own generator, keyed by the seed,
//! a stream and two numbers. Nothing depends on what was drawn before it.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One in this many is the unit of every probability and rate here.
pub(crate) const MILLION: u32 = 1_000_000;

/// A generator for decision (`stream`, `a`, `b`) of the city with `seed`.
pub(crate) fn keyed(seed: u64, stream: u32, a: i64, b: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..12].copy_from_slice(&stream.to_le_bytes());
    key[12..20].copy_from_slice(&a.to_le_bytes());
    key[20..28].copy_from_slice(&b.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// A hash of four numbers, for decisions made millions of times (splitmix64).
pub(crate) fn mix(seed: u64, stream: u32, a: u64, b: u64) -> u64 {
    let step = |state: u64, value: u64| {
        let mut z = (state ^ value).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    step(step(step(seed, u64::from(stream)), a), b)
}

/// True with a probability of `ppm` in a million.
pub(crate) fn chance(rng: &mut ChaCha8Rng, ppm: u32) -> bool {
    rng.gen_range(0..MILLION) < ppm
}

/// A whole number whose mean is `millionths` / 1,000,000.
pub(crate) fn count(rng: &mut ChaCha8Rng, millionths: u64) -> u32 {
    let million = u64::from(MILLION);
    let extra = chance(rng, (millionths % million) as u32);
    (millionths / million) as u32 + u32::from(extra)
}

/// One of `list`, which must not be empty.
pub(crate) fn pick<'a, T: ?Sized>(rng: &mut ChaCha8Rng, list: &[&'a T]) -> &'a T {
    list[rng.gen_range(0..list.len() as u32) as usize]
}
