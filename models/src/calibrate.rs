//! Finding the bend that Platt's line leaves: a monotone map of log-odds, linear
//! between a few points, where held-out rows say that there is one.
//!
//! Contract: deterministic; a split never separates an enterprise. The rows are
//! already on Platt's line, so the map that changes nothing is the plain one, and
//! it stays unless a map foretells rows that it was not fitted on better by more
//! than the standard error of the difference.

use crate::calibration::Calibration;
use crate::folds;
use crate::params::{ModelKind, TrainParams};
use crate::score::MICRO;
use crate::select::loss;
use crate::spline::{Spline, Weighed};

/// Parts that the rows are cut into, with one slope each, at most.
const PARTS: usize = 12;
/// The fewest rows of a part: fewer say little of a slope.
const PART_ROWS: usize = 50;
/// The least distance of two ends of parts, log-odds: points must rise in integers.
const APART: f64 = 1e-3;
/// Rows are summed into so many equal lots before anything is fitted.
const LOTS: usize = 512;
/// How much neighbouring slopes are expected to differ, as a standard deviation;
/// the first is a line.
const FREEDOMS: [f64; 4] = [1e-3, 0.1, 0.3, 1.0];

/// The calibration to put behind log-odds to which `prior` was added, from those
/// that rows were held out with, on Platt's line; the one that changes nothing where
/// the line alone does about as well, or there are too few rows to tell.
pub(crate) fn bend(
    held_out: &[Option<f64>],
    (labels, groups): (&[bool], &[u64]),
    prior: f64,
    params: &TrainParams,
) -> Calibration {
    let known = (0..labels.len()).filter_map(|row| Some((row, held_out[row]?)));
    let mut known: Vec<(usize, f64)> = known.collect();
    known.sort_by(|(a, one), (b, other)| {
        let second = (labels[*a], groups[*a]).cmp(&(labels[*b], groups[*b]));
        one.total_cmp(other).then(second)
    });
    let (rows, log_odds): (Vec<usize>, Vec<f64>) = known.into_iter().unzip();
    let held_out = HeldOut {
        log_odds,
        labels: rows.iter().map(|row| labels[*row]).collect(),
        groups: rows.iter().map(|row| groups[*row]).collect(),
    };
    let found = held_out.bend(prior, params.calibration_folds, params.seed);
    found.unwrap_or_default()
}

/// [`bend`] of a model that scores by itself; a part of a blend has none, since that of
/// the blend stands behind their sum.
pub(crate) fn bend_alone(
    held_out: &[Option<f64>],
    of: (&[bool], &[u64]),
    prior: f64,
    params: &TrainParams,
) -> Calibration {
    match params.kind {
        ModelKind::Blend => Calibration::default(),
        ModelKind::Scorecard | ModelKind::Forest => bend(held_out, of, prior, params),
    }
}

/// Rows by rising held-out log-odds on Platt's line: what came, and whose each is.
#[derive(Debug)]
struct HeldOut {
    log_odds: Vec<f64>,
    labels: Vec<bool>,
    groups: Vec<u64>,
}

impl HeldOut {
    /// The map, if there is to be one.
    fn bend(&self, prior: f64, count: usize, seed: u64) -> Option<Calibration> {
        let freedom = self.choose(count, seed)?;
        let all: Vec<usize> = (0..self.labels.len()).collect();
        let spline = self.fit(&all, freedom)?;
        let micro = |z: f64| ((z + prior) * MICRO).round() as i64;
        let points = spline.points();
        let points = points.map(|(raw, calibrated)| (micro(raw), micro(calibrated)));
        Calibration::new(points.collect()).ok()
    }

    /// The freedom whose maps foretell held-out rows best, of those that do so better
    /// than a line by more than the standard error of the difference.
    ///
    /// Each freedom is judged by itself: maps that bend less say less, and say it
    /// more surely.
    fn choose(&self, count: usize, seed: u64) -> Option<f64> {
        let assigned = folds::assign(&self.groups, &self.labels, count, seed);
        let mut losses = vec![Vec::new(); FREEDOMS.len()];
        for fold in 0..count {
            let rows = 0..self.labels.len();
            let (inside, outside): (Vec<usize>, Vec<usize>) =
                rows.partition(|row| assigned[*row] == fold);
            for (losses, freedom) in losses.iter_mut().zip(FREEDOMS) {
                let spline = self.fit(&outside, freedom)?;
                let judged = inside.iter().map(|row| {
                    let calibrated = spline.at(self.log_odds[*row]);
                    loss(calibrated, self.labels[*row])
                });
                losses.extend(judged);
            }
        }
        let (line, bent) = losses.split_first()?;
        let gains = bent.iter().map(|bent| gain(line, bent));
        let better = gains.zip(&FREEDOMS[1..]);
        let better = better.filter(|((gain, error), _)| gain > error);
        let best = better.max_by(|((one, _), _), ((other, _), _)| one.total_cmp(other));
        best.map(|(_, freedom)| *freedom)
    }

    /// The map that fits these rows, which rise; `None` where they are too few for
    /// two parts.
    fn fit(&self, rows: &[usize], freedom: f64) -> Option<Spline> {
        let knots = self.knots(rows)?;
        let lots = rows.chunks(rows.len().div_ceil(LOTS)).map(|lot| Weighed {
            at: lot.iter().map(|row| self.log_odds[*row]).sum::<f64>() / lot.len() as f64,
            positives: lot.iter().filter(|row| self.labels[**row]).count() as f64,
            rows: lot.len() as f64,
        });
        Some(Spline::fit(knots, &lots.collect::<Vec<_>>(), freedom))
    }

    /// Where slopes change, and the first and last log-odds: parts hold equal
    /// shares of positives and negatives together, so that the rarer label is not
    /// left to one part, and a fixed number of rows at least.
    fn knots(&self, rows: &[usize]) -> Option<Vec<f64>> {
        let positives = rows.iter().filter(|row| self.labels[**row]).count() as f64;
        let negatives = rows.len() as f64 - positives;
        let mut knots = vec![self.log_odds[*rows.first()?]];
        let last = self.log_odds[*rows.last()?];
        let (mut share, mut held) = (0.0, 0);
        for (place, row) in rows.iter().enumerate() {
            share += match self.labels[*row] {
                true => 0.5 / positives,
                false => 0.5 / negatives,
            };
            held += 1;
            let at = self.log_odds[*row];
            let left = rows.len() - place - 1;
            let full = share * PARTS as f64 >= 1.0 && held >= PART_ROWS && left >= PART_ROWS;
            if full && knots.last().is_some_and(|knot| at - knot > APART) && last - at > APART {
                knots.push(at);
                (share, held) = (0.0, 0);
            }
        }
        knots.push(last);
        (knots.len() > 2).then_some(knots)
    }
}

/// How much less is lost than by a line, row by row, with the standard error of it.
fn gain(line: &[f64], bent: &[f64]) -> (f64, f64) {
    let gains: Vec<f64> = line.iter().zip(bent).map(|(l, b)| l - b).collect();
    let sum: f64 = gains.iter().sum();
    let mean = sum / gains.len() as f64;
    let spread = gains.iter().map(|gain| (gain - mean).powi(2));
    (sum, spread.sum::<f64>().sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::sigmoid;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// What `bend` makes of rows whose true log-odds are `truth` of those said.
    fn found(rows: usize, seed: u64, truth: impl Fn(f64) -> f64, prior: f64) -> Calibration {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let drawn = (0..rows).map(|_| {
            let z = rng.gen_range(-4.0..4.0);
            (Some(z), rng.gen_bool(sigmoid(truth(z))))
        });
        let (said, labels): (Vec<_>, Vec<_>) = drawn.unzip();
        let groups: Vec<u64> = (0..rows as u64).collect();
        bend(&said, (&labels, &groups), prior, &TrainParams::default())
    }

    /// Nobody is more likely than six in seven, whatever the evidence.
    fn capped(z: f64) -> f64 {
        z.min(1.8)
    }

    #[test]
    fn a_bend_is_found_and_kept_behind_the_prior() {
        let bent = found(3_000, 1, capped, -2.0);
        assert!(bent.points().len() <= PARTS + 1);
        for z in [-3.0, 0.0, 1.5, 3.0, 3.8] {
            let at = bent.at(((z - 2.0) * MICRO) as i64) as f64 / MICRO;
            let off = (sigmoid(at + 2.0) - sigmoid(capped(z))).abs();
            assert!(off < 0.04, "{off} at {z}");
        }
        assert!(bent.points().windows(2).all(|two| two[0].1 < two[1].1));
    }

    /// Where the line is right the map that changes nothing stays, but for the few
    /// times in which chance shows more than its own standard error.
    #[test]
    fn where_the_line_is_right_it_mostly_stays() {
        let bent = (0..20).filter(|seed| found(1_500, *seed, |z| z, 0.0) != Calibration::default());
        let count = bent.count();
        assert!(count <= 4, "{count} of 20");
    }

    #[test]
    fn too_few_rows_are_left_on_the_line() {
        assert_eq!(found(99, 1, capped, 0.0), Calibration::default());
        assert_eq!(found(0, 1, capped, 0.0), Calibration::default());
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let rows = 400;
        let said: Vec<Option<f64>> = (0..rows)
            .map(|n| Some(f64::from(n * 37 % 101) / 12.0 - 4.0))
            .collect();
        let labels: Vec<bool> = (0..rows).map(|n| n * 37 % 101 > 40 && n % 7 != 0).collect();
        let groups: Vec<u64> = (0..rows as u64).map(|n| n / 2).collect();
        let params = TrainParams::default();
        let first = bend(&said, (&labels, &groups), 0.0, &params);
        let turned = |rows: &[Option<f64>]| rows.iter().rev().copied().collect::<Vec<_>>();
        let labels: Vec<bool> = labels.into_iter().rev().collect();
        let groups: Vec<u64> = groups.into_iter().rev().collect();
        assert_eq!(
            bend(&turned(&said), (&labels, &groups), 0.0, &params),
            first
        );
        assert_ne!(first, Calibration::default());
    }
}
