//! How good a ranking with probabilities is, with intervals.
//!
//! Contract: figures depend on scores, labels, groups and seed only, not on the
//! order of rows. An interval is a 95 % bootstrap over enterprises.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::bootstrap::intervals;
use crate::chance;
use crate::metrics::{Curve, Item, Ranking};
use crate::score::{Said, probability};

/// The capacities that precision is given at, besides the number of positives.
const CAPACITIES: [usize; 2] = [100, 200];
/// Calibration is shown in this many bins of about equal size.
const CALIBRATION_BINS: usize = 10;

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The figure on the data as it is.
    pub value: f64,
    /// The 2.5th percentile over draws of enterprises.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// Rows of similar score: what was predicted and what came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// The mean predicted probability.
    pub predicted: f64,
    /// The share of positives.
    pub observed: f64,
    /// How many rows.
    pub rows: usize,
}

/// How good scores are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Rows judged.
    pub rows: usize,
    /// Positive rows among them.
    pub positives: usize,
    /// Enterprises the rows belong to.
    pub enterprises: usize,
    /// Rows of the strata that are judged separately, if there are any.
    pub rows_within: Option<usize>,
    /// Average precision: the area under precision over recall.
    pub average_precision: Figure,
    /// Area under the receiver operating characteristic.
    pub auc: Figure,
    /// The same over the rows of the strata, where both labels occur.
    pub auc_within: Option<Figure>,
    /// The best F1 of any threshold.
    pub f1_best: Figure,
    /// 0.5·precision + 0.3·recall + 0.2·F1 at the threshold that the training
    /// chose; at probability 0.5 where scores alone are judged.
    pub f_weighted: Figure,
    /// Mean squared error of the probability.
    pub brier: Figure,
    /// Expected calibration error: the mean distance between probability and
    /// share of positives in ten parts of the ranking. Its interval lies high:
    /// drawing adds noise, and noise only ever adds to a distance.
    pub calibration_error: Figure,
    /// The calibration error that chance alone would show: outcomes drawn from
    /// these very probabilities, the mean and 95 % of the draws. An error within
    /// it is none that these rows could tell. None in figures of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration_chance: Option<Figure>,
    /// Share of positives among the first so many rows: at 100, at 200, and at
    /// the number of positives; left out where there are fewer rows.
    pub precision_at: Vec<(usize, Figure)>,
    /// From the lowest scores to the highest.
    pub calibration: Vec<CalibrationBin>,
}

/// Judges what was said against labels: rankings by log-odds, probabilities behind
/// the calibration. `strata` marks the rows that are also
/// judged by themselves; rows of one group are one enterprise.
///
/// # Errors
/// [`ModelError::Evaluation`] when there are no rows, the slices differ in
/// length, or only one label occurs.
pub fn evaluate(
    said: &[Said],
    labels: &[bool],
    strata: Option<&[bool]>,
    groups: &[u64],
    seed: u64,
) -> Result<Evaluation, ModelError> {
    evaluate_flagged(said, None, labels, strata, groups, seed)
}

/// As [`evaluate`]; `flagged` are the rows that are said to be positive, those of
/// probability 0.5 and more if it is not given.
pub(crate) fn evaluate_flagged(
    said: &[Said],
    flagged: Option<&[bool]>,
    labels: &[bool],
    strata: Option<&[bool]>,
    groups: &[u64],
    seed: u64,
) -> Result<Evaluation, ModelError> {
    check(said, labels, strata, groups).map_err(ModelError::Evaluation)?;
    let (units, count) = units(groups);
    let item = |row: usize| Item {
        log_odds: said[row].log_odds,
        chance: probability(said[row].calibrated),
        label: labels[row],
        flagged: flagged.map_or(said[row].calibrated >= 0, |flagged| flagged[row]),
        unit: units[row],
    };
    let all = Ranking::new((0..labels.len()).map(item).collect());
    let within = strata.map(|strata| {
        let inside = (0..labels.len()).filter(|row| strata[*row]);
        Ranking::new(inside.map(item).collect())
    });
    Ok(judge(&all, within.as_ref(), count, seed))
}

/// The share of hits among what counts, of `(counts, hits)` a row, with its
/// interval; rows of one group are one enterprise. `None` where nothing counts.
pub fn share(marks: &[(bool, bool)], groups: &[u64], seed: u64) -> Option<Figure> {
    let (units, count) = units(groups);
    let of = |times: &dyn Fn(usize) -> f64| {
        let (mut hits, mut all) = (0.0, 0.0);
        for ((counts, hit), unit) in marks.iter().zip(&units) {
            all += times(*unit) * f64::from(u8::from(*counts));
            hits += times(*unit) * f64::from(u8::from(*counts && *hit));
        }
        (all > 0.0).then(|| hits / all)
    };
    let value = of(&|_| 1.0)?;
    let drawn = |times: &[u32]| vec![of(&|unit| f64::from(times[unit])).unwrap_or(value)];
    let (low, high) = intervals(count, seed, drawn)[0];
    Some(Figure { value, low, high })
}

fn check(
    said: &[Said],
    labels: &[bool],
    strata: Option<&[bool]>,
    groups: &[u64],
) -> Result<(), String> {
    let rows = labels.len();
    let strata = strata.map_or(rows, <[bool]>::len);
    if said.len() != rows || groups.len() != rows || strata != rows {
        return Err(format!(
            "{} scores, {rows} labels, {strata} strata and {} groups: they must be as many",
            said.len(),
            groups.len()
        ));
    }
    let positives = labels.iter().filter(|label| **label).count();
    if positives == 0 || positives == rows {
        return Err(format!(
            "{positives} of {rows} rows are positive, both labels are needed"
        ));
    }
    Ok(())
}

/// Numbers the groups from 0, in the order of their keys.
fn units(groups: &[u64]) -> (Vec<usize>, usize) {
    let mut numbers: BTreeMap<u64, usize> = groups.iter().map(|group| (*group, 0)).collect();
    for (number, unit) in numbers.values_mut().enumerate() {
        *unit = number;
    }
    let units = groups.iter().map(|group| numbers[group]).collect();
    (units, numbers.len())
}

fn judge(all: &Ranking, within: Option<&Ranking>, units: usize, seed: u64) -> Evaluation {
    let positives = all.items().iter().filter(|item| item.label).count();
    let mut capacities = CAPACITIES.to_vec();
    if !capacities.contains(&positives) {
        capacities.push(positives);
    }
    capacities.retain(|count| *count <= all.items().len());
    let judged_within = within.filter(|ranking| has_both_labels(ranking));
    let measure = |draws: &[u32]| {
        let mut figures = headline(&all.curve(draws), &capacities);
        figures.extend(judged_within.map(|ranking| ranking.curve(draws).auc()));
        figures
    };
    let values = measure(&vec![1; units]);
    let bounds = intervals(units, seed, measure);
    let figures: Vec<Figure> = values
        .iter()
        .zip(bounds)
        .map(|(&value, (low, high))| Figure { value, low, high })
        .collect();
    let at = |(place, count): (usize, &usize)| (*count, figures[6 + place]);
    Evaluation {
        rows: all.items().len(),
        positives,
        enterprises: units,
        rows_within: within.map(|ranking| ranking.items().len()),
        average_precision: figures[0],
        auc: figures[1],
        f1_best: figures[2],
        f_weighted: figures[3],
        brier: figures[4],
        calibration_error: figures[5],
        calibration_chance: Some(chance::calibration_error(all, units, seed)),
        precision_at: capacities.iter().enumerate().map(at).collect(),
        auc_within: judged_within.and(figures.last().copied()),
        calibration: calibration(all),
    }
}

/// The figures in the order that `judge` takes them out again.
fn headline(curve: &Curve, capacities: &[usize]) -> Vec<f64> {
    let mut figures = vec![
        curve.average_precision(),
        curve.auc(),
        curve.f1_best(),
        curve.f_weighted(),
        curve.brier(),
        curve.calibration_error(),
    ];
    figures.extend(capacities.iter().map(|count| curve.precision_at(*count)));
    figures
}

fn has_both_labels(ranking: &Ranking) -> bool {
    let positives = ranking.items().iter().filter(|item| item.label).count();
    0 < positives && positives < ranking.items().len()
}

fn calibration(ranking: &Ranking) -> Vec<CalibrationBin> {
    let items = ranking.items();
    let size = items.len().div_ceil(CALIBRATION_BINS);
    let bin = |part: &[Item]| {
        let rows = part.len();
        let predicted: f64 = part.iter().map(|item| item.chance).sum();
        let positives = part.iter().filter(|item| item.label).count();
        CalibrationBin {
            predicted: predicted / rows as f64,
            observed: positives as f64 / rows as f64,
            rows,
        }
    };
    let mut bins: Vec<CalibrationBin> = items.chunks(size).map(bin).collect();
    bins.reverse();
    bins
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rows of {} enterprises, {} positive ({:.2} %)",
            self.rows,
            self.enterprises,
            self.positives,
            100.0 * self.positives as f64 / self.rows as f64
        )?;
        writeln!(f, "{:<26} {:>7}   95 % interval", "figure", "value")?;
        line(f, "average precision", self.average_precision)?;
        line(f, "AUC", self.auc)?;
        if let (Some(auc), Some(rows)) = (self.auc_within, self.rows_within) {
            line(f, &format!("AUC within {rows} rows"), auc)?;
        }
        line(f, "best F1", self.f1_best)?;
        line(f, "0.5 P + 0.3 R + 0.2 F1", self.f_weighted)?;
        for (count, figure) in &self.precision_at {
            line(f, &format!("precision at {count}"), *figure)?;
        }
        line(f, "Brier score", self.brier)?;
        line(f, "calibration error", self.calibration_error)?;
        if let Some(chance) = self.calibration_chance {
            line(f, "  by chance alone", chance)?;
        }
        writeln!(f, "{:>9} {:>9} {:>8}", "predicted", "observed", "rows")?;
        for bin in &self.calibration {
            writeln!(
                f,
                "{:>9.4} {:>9.4} {:>8}",
                bin.predicted, bin.observed, bin.rows
            )?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, figure: Figure) -> fmt::Result {
    let Figure { value, low, high } = figure;
    writeln!(f, "{name:<26} {value:>7.4}   {low:.4} to {high:.4}")
}
