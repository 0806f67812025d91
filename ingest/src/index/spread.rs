//! Sorting what lies evenly.

use std::cmp::Ordering;

/// Fewer than so many items are sorted as any others.
const FEW: usize = 1 << 10;
/// Items of a part, on average: so few are sorted in place by insertion.
const TOGETHER: usize = 8;
/// Parts are no more than this: each is written to in turn, and what is written
/// to should fit the cache.
const MOST_PARTS: usize = 1 << 14;

/// Sorts items by `order`, which must put lower hashes first. Hashes are taken to
/// be uniform: then their leading bits alone put nearly everything where it
/// belongs, in half the time that comparing takes. Others are sorted as well, only
/// not faster.
pub fn sort_by_hash<T: Copy>(
    items: &mut [T],
    hash: impl Fn(&T) -> u64,
    order: impl Fn(&T, &T) -> Ordering,
) {
    if items.len() < FEW {
        return items.sort_unstable_by(order);
    }
    let bits = (items.len() / TOGETHER).min(MOST_PARTS).ilog2();
    let part = |item: &T| (hash(item) >> (u64::BITS - bits)) as usize;
    // Where each part begins; while items are dealt out, where its next goes.
    let mut next = vec![0; (1 << bits) + 1];
    items.iter().for_each(|item| next[part(item) + 1] += 1);
    for place in 1..next.len() {
        next[place] += next[place - 1];
    }
    let given = items.to_vec();
    for item in &given {
        let next = &mut next[part(item)];
        items[*next] = *item;
        *next += 1;
    }
    // Now where each part ends.
    let mut begin = 0;
    for end in &next[..1 << bits] {
        items[begin..*end].sort_unstable_by(&order);
        begin = *end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(mut items: Vec<(u64, u32)>) {
        let mut expected = items.clone();
        expected.sort_unstable();
        sort_by_hash(&mut items, |item| item.0, Ord::cmp);
        assert_eq!(items, expected);
    }

    #[test]
    fn however_they_lie_they_are_sorted() {
        let many = 0..40_000_u32;
        let hash = |n: u32| xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes());
        check(many.clone().map(|n| (hash(n), n)).collect());
        check(many.clone().map(|n| (hash(n % 7), n)).collect());
        check(many.clone().rev().map(|n| (u64::from(n), n)).collect());
        check(many.map(|n| (u64::MAX, n)).collect());
    }

    proptest! {
        #[test]
        fn any_number_of_any_hashes(
            items in proptest::collection::vec((any::<u64>(), any::<u32>()), 0..3 * FEW),
        ) {
            check(items);
        }
    }
}
