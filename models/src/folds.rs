//! Splitting rows into folds.
//!
//! Contract: all rows of a group (an enterprise) are in one fold; every fold
//! gets its share of the groups that have a positive; the split depends on the
//! groups, their labels and the seed, not on the order of rows.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The fold (0 to `folds` − 1) of each row.
pub(crate) fn assign(groups: &[u64], labels: &[bool], folds: usize, seed: u64) -> Vec<usize> {
    let mut positive: BTreeMap<u64, bool> = BTreeMap::new();
    for (group, label) in groups.iter().zip(labels) {
        *positive.entry(*group).or_default() |= label;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut fold_of = BTreeMap::new();
    for wanted in [true, false] {
        let chosen = positive.iter().filter(|(_, label)| **label == wanted);
        let mut chosen: Vec<u64> = chosen.map(|(group, _)| *group).collect();
        chosen.shuffle(&mut rng);
        let dealt = chosen.into_iter().enumerate();
        fold_of.extend(dealt.map(|(place, group)| (group, place % folds)));
    }
    groups.iter().map(|group| fold_of[group]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn groups_are_never_split(
            rows in prop::collection::vec((0..40u64, any::<bool>()), 1..200),
            folds in 2..6usize,
            seed in any::<u64>(),
        ) {
            let (groups, labels): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let assigned = assign(&groups, &labels, folds, seed);
            let mut seen = BTreeMap::new();
            for (group, fold) in groups.iter().zip(&assigned) {
                prop_assert!(*fold < folds);
                prop_assert_eq!(seen.entry(group).or_insert(fold), &fold);
            }
        }
    }

    #[test]
    fn positives_are_dealt_evenly_whatever_the_order() {
        let groups: Vec<u64> = (0..100).collect();
        let labels: Vec<bool> = groups.iter().map(|group| group % 10 == 0).collect();
        let assigned = assign(&groups, &labels, 5, 7);
        for fold in 0..5 {
            let rows = (0..100).filter(|row| assigned[*row] == fold);
            let (all, positive) =
                rows.fold((0, 0), |(n, p), row| (n + 1, p + usize::from(labels[row])));
            assert_eq!((all, positive), (20, 2));
        }
        let backwards: Vec<u64> = groups.iter().rev().copied().collect();
        let turned: Vec<bool> = labels.iter().rev().copied().collect();
        let mut again = assign(&backwards, &turned, 5, 7);
        again.reverse();
        assert_eq!(again, assigned);
    }
}
