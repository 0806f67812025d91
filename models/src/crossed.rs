//! Pairs in training: which features say something together, and what.
//!
//! Every two features are laid over each other in a coarse grid, and a pair ranks
//! by how far its cells explain what the sum over features leaves (the idea of
//! FAST, Lou et al. 2013, with the penalised gain of a Newton step a cell), less
//! what chance gives a grid of so many cells: a grid is no better for being large.
//! How many pairs are worth having is for whoever asks for so many, or for inner
//! validation.
//!
//! Contract: the same rows give the same pairs; a cell without rows weighs 0.

use crate::columns::{Fine, Sample};
use crate::pair::Pair;
use crate::partition::{MISSING, Partition};
use crate::refine::{Corrected, Penalty};
use crate::score::{MICRO, sigmoid};
use crate::threads;

/// Ranges of a number, and values of a category that stand alone.
const RANGES: u64 = 8;
const VALUES: usize = 15;
/// About how many rows pairs are looked for on, where there are more.
const SEARCH_ROWS: usize = 1 << 17;

/// A coarse partition of one feature.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    partition: Partition,
    /// The bin of each fine one.
    to: Vec<u16>,
}

impl Side {
    /// Ranges of about equally many rows, or the most frequent values.
    pub(crate) fn new(fine: &Fine, sample: Sample) -> Side {
        let mut rows = vec![0; fine.partition.bins()];
        for row in sample.rows {
            rows[usize::from(fine.codes[*row as usize])] += 1;
        }
        match &fine.partition {
            Partition::Ranges(cuts) => Side::of_ranges(cuts, &rows),
            Partition::Listed { values, lists } => Side::of_lists(values, *lists, &rows),
        }
    }

    fn of_ranges(cuts: &[i64], rows: &[u64]) -> Side {
        let present: u64 = rows[MISSING + 1..].iter().sum();
        let target = present.div_ceil(RANGES).max(1);
        let (mut kept, mut to, mut held) = (Vec::new(), vec![MISSING as u16], 0);
        for (range, count) in rows[MISSING + 1..].iter().enumerate() {
            // A range that is full, or would be too full with the next, ends.
            if held > 0 && (held >= target || held + count > target + target / 2) {
                kept.push(cuts[range - 1]);
                held = 0;
            }
            held += count;
            to.push(kept.len() as u16 + 1);
        }
        Side {
            partition: Partition::Ranges(kept),
            to,
        }
    }

    fn of_lists(values: &[(i64, usize)], lists: usize, rows: &[u64]) -> Side {
        let mut order: Vec<usize> = (1..=lists).filter(|bin| rows[*bin] > 0).collect();
        order.sort_by_key(|bin| (std::cmp::Reverse(rows[*bin]), *bin));
        order.truncate(VALUES);
        // Lists are numbered by their smallest value, and stay so.
        order.sort_unstable();
        let mut to = vec![order.len() as u16 + 1; lists + 2];
        to[MISSING] = MISSING as u16;
        for (place, bin) in order.iter().enumerate() {
            to[*bin] = place as u16 + 1;
        }
        let kept = order.iter().map(|bin| Partition::list(values, *bin));
        Side {
            partition: Partition::lists(kept.collect()),
            to,
        }
    }

    fn bins(&self) -> usize {
        self.partition.bins()
    }
}

/// The pairs that explain most of what is left, the best first; `log_odds` go in
/// step with the rows of `sample`, `free` are the features that may be paired.
pub(crate) fn search(
    sides: &[Side],
    free: &[usize],
    sample: Sample,
    log_odds: &[f64],
    (count, size): (usize, f64),
) -> Vec<[usize; 2]> {
    let stride = sample.rows.len().div_ceil(SEARCH_ROWS).max(1);
    let places: Vec<usize> = (0..sample.rows.len()).step_by(stride).collect();
    let state: Vec<(f64, f64)> = places
        .iter()
        .map(|place| {
            let chance = sigmoid(log_odds[*place]);
            let label = sample.labels[sample.rows[*place] as usize];
            let label = f64::from(u8::from(label));
            (label - chance, chance * (1.0 - chance))
        })
        .collect();
    let codes: Vec<Vec<u8>> = threads::each(free.len(), |at| {
        let (side, fine) = (&sides[free[at]], &sample.columns[free[at]]);
        let rows = places.iter().map(|place| sample.rows[*place] as usize);
        rows.map(|row| side.to[usize::from(fine.codes[row])] as u8)
            .collect()
    });
    let of_first = |first: usize| -> Vec<(f64, [usize; 2])> {
        let others = first + 1..free.len();
        let gain = |second: usize| {
            let columns = sides[free[second]].bins();
            let mut cells = vec![(0.0, 0.0); sides[free[first]].bins() * columns];
            let both = codes[first].iter().zip(&codes[second]);
            for ((one, other), (residual, variance)) in both.zip(&state) {
                let cell = &mut cells[usize::from(*one) * columns + usize::from(*other)];
                cell.0 += residual;
                cell.1 += variance;
            }
            (gain(&cells, size), [free[first], free[second]])
        };
        others.map(gain).collect()
    };
    let found = threads::each(free.len(), of_first);
    let mut found: Vec<(f64, [usize; 2])> = found.into_iter().flatten().collect();
    found.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
    found
        .into_iter()
        .take(count)
        .map(|(_, pair)| pair)
        .collect()
}

/// By how much more a Newton step of every cell explains than chance would.
fn gain(cells: &[(f64, f64)], size: f64) -> f64 {
    let of_cell = |(gradient, curvature): &(f64, f64)| {
        // By chance the square of a gradient is as large as its curvature.
        (gradient * gradient - curvature) / (curvature + size)
    };
    cells.iter().map(of_cell).sum()
}

/// A pair while its weights are being found.
#[derive(Debug)]
pub(crate) struct Crossed {
    features: [usize; 2],
    sides: [Side; 2],
    /// The cell of every row.
    codes: Vec<u16>,
    to: Vec<u16>,
    weights: Vec<f64>,
}

impl Crossed {
    pub(crate) fn new(features: [usize; 2], sides: &[Side], columns: &[Fine]) -> Crossed {
        let sides = features.map(|place| sides[place].clone());
        let [first, second] = features.map(|place| &columns[place].codes);
        let width = sides[1].bins() as u16;
        let cell = |(one, other): (&u16, &u16)| {
            sides[0].to[usize::from(*one)] * width + sides[1].to[usize::from(*other)]
        };
        let cells = sides[0].bins() * sides[1].bins();
        Crossed {
            features,
            codes: first.iter().zip(second).map(cell).collect(),
            to: (0..cells as u16).collect(),
            weights: vec![0.0; cells],
            sides,
        }
    }

    pub(crate) fn corrected(&mut self, size: f64) -> Corrected<'_> {
        Corrected {
            codes: &self.codes,
            to: &self.to,
            corrections: &mut self.weights,
            ordered: false,
            penalty: Penalty { size, step: 0.0 },
        }
    }

    pub(crate) fn weight_of(&self, row: u32) -> f64 {
        self.weights[usize::from(self.codes[row as usize])]
    }

    pub(crate) fn scale(&mut self, factor: f64) {
        self.weights.iter_mut().for_each(|weight| *weight *= factor);
    }

    /// Makes the average weight over these rows 0 and gives what it was; cells
    /// that none of them fell into weigh 0.
    pub(crate) fn centre(&mut self, rows: &[u32]) -> f64 {
        let mut counts = vec![0_u64; self.weights.len()];
        for row in rows {
            counts[usize::from(self.codes[*row as usize])] += 1;
        }
        let both = || self.weights.iter().zip(&counts);
        let sum: f64 = both().map(|(weight, count)| weight * *count as f64).sum();
        let mean = sum / rows.len() as f64;
        for (weight, count) in self.weights.iter_mut().zip(&counts) {
            *weight = if *count == 0 { 0.0 } else { *weight - mean };
        }
        mean
    }

    /// Rounds the weights.
    pub(crate) fn seal(self) -> Pair {
        let weights = self.weights.iter();
        Pair {
            features: self.features,
            sides: self.sides.map(|side| side.partition),
            weights: weights.map(|w| (w * MICRO).round() as i64).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Features 0 and 1 decide together and say nothing alone; 2 is noise.
    fn columns() -> (Vec<Fine>, Vec<bool>) {
        let rows: Vec<[u16; 3]> = (0..1_200u32)
            .map(|row| [row % 2, row / 2 % 2, row / 4 % 3].map(|code| code as u16 + 1))
            .collect();
        let fine = |place: usize| Fine {
            partition: Partition::Ranges((1..=[1, 1, 2][place]).collect()),
            codes: rows.iter().map(|row| row[place]).collect(),
        };
        let labels = rows.iter().map(|row| row[0] == row[1]).collect();
        ((0..3).map(fine).collect(), labels)
    }

    #[test]
    fn what_only_two_say_together_is_found() {
        let (columns, labels) = columns();
        let rows: Vec<u32> = (0..1_200).collect();
        let sample = Sample {
            columns: &columns,
            labels: &labels,
            rows: &rows,
        };
        let sides: Vec<Side> = columns.iter().map(|fine| Side::new(fine, sample)).collect();
        let found = |free: &[usize]| search(&sides, free, sample, &[0.0; 1_200], (9, 1.0));
        assert_eq!(found(&[0, 1, 2])[0], [0, 1]);
        assert_eq!(found(&[0, 2]), [[0, 2]]);
    }

    #[test]
    fn a_side_keeps_spikes_apart_and_the_most_frequent_values() {
        let side = Side::of_ranges(&[10, 20, 30], &[5, 800, 90, 80, 30]);
        assert_eq!(side.partition, Partition::Ranges(vec![10, 30]));
        assert_eq!(side.to, [0, 1, 2, 2, 3]);
        let values: Vec<(i64, usize)> = (0..20).map(|value| (value, value as usize)).collect();
        let rows: Vec<u64> = (0..22).collect();
        let side = Side::of_lists(&values, 20, &rows);
        let expected = Partition::singles((5..20).collect());
        assert_eq!(side.partition, expected);
        assert_eq!(
            (side.to[1], side.to[6], side.to[20], side.to[21]),
            (16, 1, 15, 16)
        );
    }
}
