//! Groups that share something, in measured sizes, without a list: an affine
//! permutation of the indices gives every enterprise a rank, ranks are cut into
//! ranges by group size, and neighbours in a range are one group.

/// Strides of the permutations: primes above every city's size, one a thing
/// shared, so that those who share one thing do not share all.
pub(super) const REPRESENTATIVE: u64 = 2_654_435_761;
pub(super) const ADDRESS: u64 = 2_246_822_519;
pub(super) const TELEPHONE: u64 = 3_266_489_917;

/// The number of the group that `index` is in: its own index when it is alone,
/// else a number from `total` on.
pub(super) fn group(index: u32, total: u32, stride: u64, shares: &[(u32, u32)]) -> u32 {
    let all = u64::from(total);
    let rank = (u64::from(index) * stride) % all;
    let mut from = 0;
    let mut parts = 0;
    for (share, size) in shares {
        parts += u64::from(*share);
        let to = all * parts / 1_000;
        if rank < to {
            let place = (rank - from) / u64::from(*size);
            return if *size == 1 {
                index
            } else {
                total + (from + place) as u32
            };
        }
        from = to;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::super::measured::REPRESENTATIVE_SHARED;
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn as_many_share_as_measured() {
        let mut groups: BTreeMap<u32, u32> = BTreeMap::new();
        for index in 0..100_000 {
            let group = group(index, 100_000, REPRESENTATIVE, &REPRESENTATIVE_SHARED);
            *groups.entry(group).or_default() += 1;
        }
        let of = |size: u32| groups.values().filter(|count| **count == size).count() as u32 * size;
        assert!((69_100..69_300).contains(&of(1)), "{}", of(1));
        assert!((13_500..13_700).contains(&of(2)), "{}", of(2));
        assert!(of(14) > 4_000);
    }
}
