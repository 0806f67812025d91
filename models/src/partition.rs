//! How a feature's values fall into bins.
//!
//! Contract: every value falls into exactly one bin. Bin 0 is *missing*; ranges
//! follow in rising order, or lists of values in the order of their smallest,
//! with *other* last.

use crate::feature::{FeatureKind, unscaled};

/// The bin of a missing value.
pub(crate) const MISSING: usize = 0;

/// A complete partition of `Option<i64>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Partition {
    /// Strictly rising cuts; range `i` is from `cuts[i - 1]` to below `cuts[i]`.
    Ranges(Vec<i64>),
    /// Distinct values with the list (from 0) each belongs to, sorted by value.
    Listed {
        values: Vec<(i64, usize)>,
        lists: usize,
    },
}

impl Partition {
    /// One list for each value; values must be distinct.
    #[cfg(test)]
    pub(crate) fn singles(mut values: Vec<i64>) -> Self {
        values.sort_unstable();
        Partition::lists(values.into_iter().map(|value| vec![value]).collect())
    }

    /// Lists of values, no value twice; sorted here.
    pub(crate) fn lists(mut lists: Vec<Vec<i64>>) -> Self {
        lists.iter_mut().for_each(|list| list.sort_unstable());
        lists.sort_unstable();
        let count = lists.len();
        let numbered = |(place, list): (usize, Vec<i64>)| list.into_iter().map(move |v| (v, place));
        let mut values: Vec<_> = lists.into_iter().enumerate().flat_map(numbered).collect();
        values.sort_unstable();
        Partition::Listed {
            values,
            lists: count,
        }
    }

    /// The partition that tells nothing but missing from present.
    pub(crate) fn trivial(kind: FeatureKind) -> Self {
        match kind {
            FeatureKind::Number => Partition::Ranges(Vec::new()),
            FeatureKind::Category => Partition::lists(Vec::new()),
        }
    }

    /// How many bins there are, at least 2.
    pub(crate) fn bins(&self) -> usize {
        2 + match self {
            Partition::Ranges(cuts) => cuts.len(),
            Partition::Listed { lists, .. } => *lists,
        }
    }

    /// The bin `value` falls into.
    pub(crate) fn bin(&self, value: Option<i64>) -> usize {
        let Some(value) = value else {
            return MISSING;
        };
        match self {
            Partition::Ranges(cuts) => 1 + cuts.partition_point(|cut| *cut <= value),
            Partition::Listed { values, lists } => {
                match values.binary_search_by_key(&value, |(listed, _)| *listed) {
                    Ok(place) => 1 + values[place].1,
                    Err(_) => 1 + lists,
                }
            }
        }
    }

    /// The cuts of ranges; lists have none.
    pub(crate) fn cuts(&self) -> &[i64] {
        match self {
            Partition::Ranges(cuts) => cuts,
            Partition::Listed { .. } => &[],
        }
    }

    /// The bounds of range bin `bin`: from, and to (exclusive).
    pub(crate) fn range(cuts: &[i64], bin: usize) -> (Option<i64>, Option<i64>) {
        let from = bin.checked_sub(2).map(|place| cuts[place]);
        (from, cuts.get(bin - 1).copied())
    }

    /// The values of list bin `bin`, rising.
    pub(crate) fn list(values: &[(i64, usize)], bin: usize) -> Vec<i64> {
        let here = values.iter().filter(|(_, list)| list + 1 == bin);
        here.map(|(value, _)| *value).collect()
    }

    /// The bin in words, with values unscaled.
    pub(crate) fn label(&self, bin: usize) -> String {
        if bin == MISSING {
            return "missing".to_owned();
        }
        match self {
            Partition::Ranges(cuts) => range_label(Partition::range(cuts, bin)),
            Partition::Listed { lists, .. } if bin > *lists => "other".to_owned(),
            Partition::Listed { values, .. } => list_label(&Partition::list(values, bin)),
        }
    }
}

fn range_label(range: (Option<i64>, Option<i64>)) -> String {
    match range {
        (None, None) => "any value".to_owned(),
        (None, Some(to)) => format!("< {}", unscaled(to)),
        (Some(from), None) => format!("≥ {}", unscaled(from)),
        (Some(from), Some(to)) if from + 1 == to => format!("= {}", unscaled(from)),
        (Some(from), Some(to)) => format!("{} to < {}", unscaled(from), unscaled(to)),
    }
}

fn list_label(values: &[i64]) -> String {
    let shown: Vec<String> = values.iter().map(|value| unscaled(*value)).collect();
    format!("= {}", shown.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(partition: &Partition, value: Option<i64>, bin: usize, label: &str) {
        assert_eq!(partition.bin(value), bin, "{value:?}");
        assert_eq!(partition.label(bin), label);
        assert!(bin < partition.bins());
    }

    #[test]
    fn ranges_include_their_start_and_not_their_end() {
        let ranges = Partition::Ranges(vec![30_000, 30_001, 75_000]);
        check(&ranges, None, 0, "missing");
        check(&ranges, Some(i64::MIN), 1, "< 3");
        check(&ranges, Some(30_000), 2, "= 3");
        check(&ranges, Some(74_999), 3, "3.0001 to < 7.5");
        check(&ranges, Some(75_000), 4, "≥ 7.5");
        check(&Partition::Ranges(vec![]), Some(0), 1, "any value");
    }

    #[test]
    fn unlisted_values_are_other() {
        let listed = Partition::lists(vec![vec![90_000], vec![70_000, 50_000]]);
        check(&listed, Some(50_000), 1, "= 5 or 7");
        check(&listed, Some(90_000), 2, "= 9");
        check(&listed, Some(0), 3, "other");
        check(&Partition::singles(vec![]), Some(0), 1, "other");
    }
}
