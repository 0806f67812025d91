//! Binning: where a feature's values are told apart.
//!
//! Contract: numbers start from fine pieces of about equal size, in which a
//! frequent value (such as 0) stands alone and none is too small; once the
//! weights are known, neighbours that do not differ are merged. Category values
//! that are frequent enough stand alone; rarer ones with a declared parent share a
//! bin with those of it, if they are enough together, and the others *other*. No
//! order of risk along a number is forced.

use std::collections::BTreeMap;

use crate::feature::{FeatureKind, FeatureSpec, VALUE_SCALE};
use crate::params::TrainParams;
use crate::partition::Partition;
use crate::tally::{Tally, g_squared};

/// About how many fine pieces the merging starts from.
const FINE_PIECES: u64 = 24;
/// The most lists of category values, so that a bin fits into 16 bits.
const MAX_LISTS: usize = 60_000;

/// Neighbouring values of a number, from the smallest to the largest.
#[derive(Debug, Clone, Copy)]
struct Piece {
    first: i64,
    last: i64,
    tally: Tally,
}

/// Bins the values of one feature finely; `values` and `labels` go in step.
pub(crate) fn partition(
    spec: &FeatureSpec,
    values: &[Option<i64>],
    labels: &[bool],
    params: &TrainParams,
) -> Partition {
    let runs = runs(values, labels);
    match spec.kind {
        FeatureKind::Category => {
            let parent = params.parents.get(&spec.name).copied();
            frequent(&runs, params.min_value_rows as u64, parent)
        }
        FeatureKind::Number => cut(&runs, params),
    }
}

/// Whether the bins differ by more than chance: G² beyond the mean of its
/// distribution by two standard deviations.
pub(crate) fn informative(tallies: &[Tally]) -> bool {
    let filled = tallies.iter().filter(|tally| tally.rows > 0).count();
    let degrees = filled.saturating_sub(1) as f64;
    degrees > 0.0 && g_squared(tallies) > degrees + 2.0 * (2.0 * degrees).sqrt()
}

/// The distinct values, rising, each a piece of its own.
fn runs(values: &[Option<i64>], labels: &[bool]) -> Vec<Piece> {
    let both = values.iter().zip(labels);
    let present = both.filter_map(|(value, label)| value.map(|value| (value, *label)));
    let mut present: Vec<(i64, bool)> = present.collect();
    present.sort_unstable();
    let same = present.chunk_by(|one, other| one.0 == other.0);
    let piece = |run: &[(i64, bool)]| Piece {
        first: run[0].0,
        last: run[0].0,
        tally: Tally::of(run.iter().map(|(_, label)| *label)),
    };
    same.map(piece).collect()
}

/// The lists of values that are enough: single ones, and rarer ones of a parent.
fn frequent(runs: &[Piece], min_rows: u64, parent: Option<i64>) -> Partition {
    let (mut lists, mut rare) = (Vec::new(), BTreeMap::new());
    for run in runs {
        match parent {
            _ if run.tally.rows >= min_rows => lists.push((run.tally.rows, vec![run.first])),
            None => {}
            Some(parent) => {
                let family: &mut (u64, Vec<i64>) =
                    rare.entry(parent_of(run.first, parent)).or_default();
                family.0 += run.tally.rows;
                family.1.push(run.first);
            }
        }
    }
    lists.extend(rare.into_values().filter(|(rows, _)| *rows >= min_rows));
    lists.sort_by_key(|(rows, _)| std::cmp::Reverse(*rows));
    lists.truncate(MAX_LISTS);
    Partition::lists(lists.into_iter().map(|(_, values)| values).collect())
}

/// The code without its last digits: `by` 100 takes off two.
pub(crate) fn parent_of(value: i64, by: i64) -> i64 {
    (value / VALUE_SCALE).div_euclid(by.max(1))
}

fn cut(runs: &[Piece], params: &TrainParams) -> Partition {
    let min_rows = params.min_bin_rows as u64;
    let mut pieces = fine_pieces(runs, min_rows);
    while let Some(place) = weakest_border(&pieces, min_rows) {
        let right = pieces.remove(place + 1);
        pieces[place] = join(pieces[place], right);
    }
    let borders = pieces.windows(2);
    Partition::Ranges(
        borders
            .map(|pair| roundest(pair[0].last, pair[1].first))
            .collect(),
    )
}

fn join(left: Piece, right: Piece) -> Piece {
    Piece {
        first: left.first,
        last: right.last,
        tally: left.tally.plus(right.tally),
    }
}

/// Joins neighbouring values until a piece is large enough. A value that is
/// large enough alone is neither joined nor counted in the size of the others,
/// so that what lies beside a spike is still told apart.
fn fine_pieces(runs: &[Piece], min_rows: u64) -> Vec<Piece> {
    let all: u64 = runs.iter().map(|run| run.tally.rows).sum();
    let is_spike = |run: &Piece| run.tally.rows > all / FINE_PIECES;
    let spikes: u64 = runs
        .iter()
        .filter(|run| is_spike(run))
        .map(|run| run.tally.rows)
        .sum();
    let target = min_rows.max((all - spikes) / FINE_PIECES);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open = false;
    for run in runs {
        let spike = is_spike(run);
        match pieces.last_mut() {
            Some(last) if open && !spike => *last = join(*last, *run),
            _ => pieces.push(*run),
        }
        open = !spike && pieces.last().is_some_and(|last| last.tally.rows < target);
    }
    pieces
}

/// The border (by its left piece) to take away next: the weakest of those beside
/// a piece that is too small.
fn weakest_border(pieces: &[Piece], min_rows: u64) -> Option<usize> {
    let small = |piece: &Piece| piece.tally.rows < min_rows;
    let strength = |place: usize| g_squared(&[pieces[place].tally, pieces[place + 1].tally]);
    let borders = 0..pieces.len().saturating_sub(1);
    borders
        .filter(|place| small(&pieces[*place]) || small(&pieces[place + 1]))
        .min_by(|a, b| strength(*a).total_cmp(&strength(*b)))
}

/// A range after fitting: its weight, and how much the data says about it (the
/// summed variance of its labels).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weighed {
    pub(crate) weight: f64,
    pub(crate) information: f64,
}

/// Merges neighbouring ranges while there are too many or two do not differ; of
/// each merged range, how many of the given ranges it holds.
pub(crate) fn merge(ranges: &[Weighed], params: &TrainParams) -> Vec<usize> {
    let mut merged: Vec<(Weighed, usize)> = ranges.iter().map(|range| (*range, 1)).collect();
    while merged.len() > 1 {
        let difference = |place: &usize| merged[*place].0.difference(merged[place + 1].0);
        let closest = |a: &usize, b: &usize| difference(a).total_cmp(&difference(b));
        let Some(place) = (0..merged.len() - 1).min_by(closest) else {
            break;
        };
        if merged.len() <= params.max_bins && difference(&place) >= params.merge_below {
            break;
        }
        let (right, held) = merged.remove(place + 1);
        merged[place].0 = merged[place].0.joined(right);
        merged[place].1 += held;
    }
    merged.into_iter().map(|(_, held)| held).collect()
}

/// The weights closest to those given that never fall (pooling adjacent
/// violators).
pub(crate) fn rising(weights: impl Iterator<Item = Weighed>) -> Vec<f64> {
    let mut pools: Vec<(Weighed, usize)> = Vec::new();
    for weighed in weights {
        let mut last = (weighed, 1);
        while let Some((pool, held)) = pools.pop_if(|(pool, _)| pool.weight > last.0.weight) {
            last = (pool.joined(last.0), held + last.1);
        }
        pools.push(last);
    }
    let levels = pools
        .iter()
        .flat_map(|(pool, held)| std::iter::repeat_n(pool.weight, *held));
    levels.collect()
}

impl Weighed {
    /// Chi-squared, one degree of freedom, of the two weights being one.
    fn difference(self, other: Weighed) -> f64 {
        let both = self.information + other.information;
        let shared = self.information * other.information / both.max(f64::MIN_POSITIVE);
        (self.weight - other.weight).powi(2) * shared
    }

    fn joined(self, other: Weighed) -> Weighed {
        let both = (self.information + other.information).max(f64::MIN_POSITIVE);
        let sum = self.weight * self.information + other.weight * other.information;
        Weighed {
            weight: sum / both,
            information: both,
        }
    }
}

/// The number with the most trailing zeros above `low` and up to `high`: cuts
/// are read by people.
pub(crate) fn roundest(low: i64, high: i64) -> i64 {
    let (low, high) = (i128::from(low), i128::from(high));
    let mut step: i128 = 1_000_000_000_000_000_000;
    while step > 1 {
        let round = high.div_euclid(step) * step;
        if round > low {
            return round as i64; // between low and high, which are i64
        }
        step /= 10;
    }
    high as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Category;

    fn cuts(values: &[i64], labels: &[bool]) -> Vec<i64> {
        let values: Vec<Option<i64>> = values.iter().copied().map(Some).collect();
        let params = TrainParams::default();
        let spec = FeatureSpec::new("n", Category::R, FeatureKind::Number);
        match partition(&spec, &values, labels, &params) {
            Partition::Ranges(cuts) => cuts,
            Partition::Listed { .. } => panic!("a number is cut into ranges"),
        }
    }

    #[test]
    fn a_spike_stands_alone_and_its_tail_is_told_apart() {
        // 940 zeros, then counts of 1, 2 and 3 in 20 rows each.
        let values: Vec<i64> = (0..1000)
            .map(|row| (row - 920).max(0) / 20 * 10_000)
            .collect();
        let labels: Vec<bool> = values.iter().map(|value| *value >= 30_000).collect();
        assert_eq!(cuts(&values, &labels), [10_000, 20_000, 30_000]);
    }

    #[test]
    fn weights_rise_by_pooling_those_that_fall() {
        let weights = |given: &[f64]| -> Vec<f64> {
            rising(given.iter().map(|weight| Weighed {
                weight: *weight,
                information: 1.0,
            }))
        };
        assert_eq!(weights(&[1.0, 3.0, 2.0, 4.0]), [1.0, 2.5, 2.5, 4.0]);
        assert_eq!(weights(&[3.0, 2.0, 1.0]), [2.0; 3]);
        assert_eq!(weights(&[0.0, 1.0]), [0.0, 1.0]);
        assert!(weights(&[]).is_empty());
    }

    #[test]
    fn few_or_equal_values_are_not_cut() {
        assert!(cuts(&[1, 2, 3, 4], &[true, false, true, false]).is_empty());
        assert!(cuts(&[7; 100], &[true; 100]).is_empty());
        assert!(cuts(&[], &[]).is_empty());
    }

    #[test]
    fn even_values_are_cut_evenly_at_round_numbers() {
        let values: Vec<i64> = (0..2400).map(|row| row * 10_000).collect();
        let cuts = cuts(&values, &[false; 2400]);
        assert_eq!(cuts.len(), 23);
        assert_eq!(cuts[..3], [1_000_000, 2_000_000, 3_000_000]);
    }

    #[test]
    fn ranges_that_do_not_differ_are_merged() {
        let range = |weight, information| Weighed {
            weight,
            information,
        };
        let params = TrainParams::default();
        let ranges = [
            range(0.0, 50.0),
            range(0.02, 50.0),
            range(2.0, 50.0),
            range(1.0, 0.01),
        ];
        assert_eq!(merge(&ranges, &params), [2, 2]);
        assert!(merge(&[], &params).is_empty());
    }

    #[test]
    fn rare_category_values_share_a_bin() {
        let values: Vec<Option<i64>> = (0..103).map(|row| Some(row.min(100) / 50)).collect();
        let found = partition(&codes(), &values, &[true; 103], &TrainParams::default());
        assert_eq!(found, Partition::singles(vec![0, 1]));
    }

    fn codes() -> FeatureSpec {
        FeatureSpec::new("codes", Category::R, FeatureKind::Category)
    }

    #[test]
    fn rare_values_of_one_parent_share_a_bin_if_they_are_enough() {
        // 10 times 6601, 3 times 6602 and 6603, once 7101.
        let counted = [(6601, 10), (6602, 3), (6603, 3), (7101, 1)];
        let values = counted.map(|(code, count)| vec![Some(code * VALUE_SCALE); count]);
        let values = values.concat();
        let mut params = TrainParams::default();
        params.parents.insert("codes".to_owned(), 100);
        let found = partition(&codes(), &values, &[true; 17], &params);
        let scaled = |codes: &[i64]| codes.iter().map(|code| code * VALUE_SCALE).collect();
        let expected = Partition::lists(vec![scaled(&[6601]), scaled(&[6602, 6603])]);
        assert_eq!(found, expected);
    }

    #[test]
    fn cuts_are_round_and_between_their_neighbours() {
        for (low, high, round) in [
            (31_234, 47_000, 40_000),
            (-5, 7, 0),
            (3, 4, 4),
            (-19, -11, -11),
            (i64::MIN, i64::MAX, 9_000_000_000_000_000_000),
        ] {
            assert_eq!(roundest(low, high), round);
        }
    }
}
