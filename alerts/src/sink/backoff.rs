//! How long to wait before the next attempt: twice as long each time, up to an
//! hour, and never for two sinks or two attempts the same.

use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The pause after the first failure.
pub(super) const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
pub(super) const LONGEST: Duration = Duration::from_secs(3_600);

/// The pause after so many failures in a row: between half and all of
/// `FIRST * 2^(failures - 1)`, at most [`LONGEST`]. The same arguments give the
/// same pause; `seed` is what differs between sinks and attempts.
pub(super) fn pause(failures: u32, seed: u64) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let half_ms = whole.as_millis() as u64 / 2;
    let jitter = xxh3_64_with_seed(&failures.to_le_bytes(), seed) % (half_ms + 1);
    Duration::from_millis(half_ms + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pause_doubles_within_its_bounds(failures in 1_u32..200, seed: u64) {
            let found = pause(failures, seed);
            let whole = FIRST.saturating_mul(1 << (failures - 1).min(31)).min(LONGEST);
            prop_assert!(found >= whole / 2 && found <= whole, "{found:?} of {whole:?}");
        }
    }

    #[test]
    fn two_sinks_do_not_come_at_once() {
        let pauses: std::collections::BTreeSet<_> = (0..100).map(|seed| pause(8, seed)).collect();
        assert!(pauses.len() > 90);
    }
}
