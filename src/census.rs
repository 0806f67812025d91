//! How feature values and scores are distributed over all registered
//! enterprises: what a version saw when it was submitted, and what it sees now.
//!
//! Values are counted in bins of about equal share, cut where the distribution
//! was first looked at; how far a later one has moved from it is its population
//! stability index. Counts are exact; cuts are made of a sample.

use crate::config::Feature;
use crate::explain::{cap_name, pair_name};
use crate::pipeline::rules::InForce;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tocsin_alerts::level::{Level, Policy, level_of};
use tocsin_dataflow::{Assessment, Engine, Rules, Survey, Visit};
use tocsin_ingest::fact::{SubjectKey, VALUE_SCALE};
use tocsin_models::Term;

/// Bins of a distribution, *missing* apart.
const BINS: usize = 10;
/// Enterprises of which cuts are made: those with the least hashes.
const SAMPLE: usize = 20_000;
/// Sectors told apart; further ones are counted together.
const SECTORS: usize = 64;
/// The name that the score goes by among the features.
pub const SCORE: &str = "score";

/// Counts by level as people read them, the highest level first.
pub fn highest_first(levels: &BTreeMap<String, u64>) -> Vec<String> {
    let count = |level: Level| Some(format!("{} {}", level.name(), levels.get(level.name())?));
    Level::ALL.into_iter().rev().filter_map(count).collect()
}

/// How values are distributed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Strictly rising, stored units: bin i holds what is at least cut i − 1 and
    /// below cut i.
    pub cuts: Vec<i64>,
    /// How many have no value.
    pub missing: u64,
    /// How many are in each bin, one more than there are cuts.
    pub counts: Vec<u64>,
}

impl Shape {
    /// An empty one.
    pub fn new(cuts: Vec<i64>) -> Shape {
        Shape {
            counts: vec![0; cuts.len() + 1],
            cuts,
            missing: 0,
        }
    }

    /// Bins of about equal share of these values; each value that is frequent
    /// has one of its own.
    fn fitted(mut values: Vec<i64>) -> Shape {
        values.sort_unstable();
        let mut cuts = BTreeSet::new();
        for bin in 0..=BINS {
            let place = (values.len() * bin / BINS).min(values.len().saturating_sub(1));
            let Some(value) = values.get(place) else {
                continue;
            };
            // What follows a spike is told apart from it.
            let next = values.get(values.partition_point(|other| other <= value));
            cuts.insert(*value);
            cuts.extend(next);
        }
        let least = values.first().copied();
        Shape::new(cuts.into_iter().filter(|cut| Some(*cut) != least).collect())
    }

    /// Counts a value.
    pub fn add(&mut self, value: Option<i64>) {
        match value {
            None => self.missing += 1,
            Some(value) => self.counts[self.cuts.partition_point(|cut| *cut <= value)] += 1,
        }
    }

    fn join(&mut self, other: &Shape) {
        self.missing += other.missing;
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.missing + self.counts.iter().sum::<u64>()
    }

    /// The population stability index of `now` against this: the sum over bins of
    /// (q − p) · ln(q / p), where p and q are the shares then and now. A bin that
    /// one of them leaves empty counts as half an enterprise. `None`: the bins
    /// are others, or nothing was counted.
    pub fn stability(&self, now: &Shape) -> Option<f64> {
        let (then_all, now_all) = (self.total(), now.total());
        if self.cuts != now.cuts || then_all == 0 || now_all == 0 {
            return None;
        }
        let bins = std::iter::once((self.missing, now.missing));
        let bins = bins.chain(self.counts.iter().copied().zip(now.counts.iter().copied()));
        let share = |count: u64, all: u64| (count as f64).max(0.5) / all as f64;
        let moved = |(then, now): (u64, u64)| {
            let (p, q) = (share(then, then_all), share(now, now_all));
            match (then, now) {
                (0, 0) => 0.0,
                _ => (q - p) * (q / p).ln(),
            }
        };
        Some(bins.map(moved).sum())
    }
}

/// What a feature contributes, over a sample, micro-log-odds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// One in twenty is below.
    pub low: i64,
    /// Half are below.
    pub median: i64,
    /// One in twenty is above.
    pub high: i64,
    /// The mean size.
    pub mean_size: i64,
}

impl Spread {
    fn of(mut weights: Vec<i64>) -> Spread {
        weights.sort_unstable();
        let at = |part: usize| {
            let place = (weights.len() * part / 20).min(weights.len().saturating_sub(1));
            weights.get(place).copied().unwrap_or(0)
        };
        let sizes: i128 = weights.iter().map(|weight| i128::from(weight.abs())).sum();
        Spread {
            low: at(1),
            median: at(10),
            high: at(19),
            mean_size: (sizes / (weights.len() as i128).max(1)) as i64,
        }
    }
}

/// The distribution of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Census {
    /// Registered enterprises.
    pub enterprises: u64,
    /// How many stand at each level by score and gates.
    pub levels: BTreeMap<String, u64>,
    /// The sum of their coverages, per mille.
    pub coverage: u64,
    /// By feature, and of the score.
    pub shapes: BTreeMap<String, Shape>,
    /// By sector, where a feature says it (`[evaluation] sector`): how many there
    /// are, and how many stand at blue or higher.
    pub sectors: BTreeMap<String, (u64, u64)>,
}

impl Census {
    /// The mean coverage, 0 to 1.
    pub fn mean_coverage(&self) -> f64 {
        self.coverage as f64 / 1000.0 / self.enterprises.max(1) as f64
    }

    /// How far each distribution has moved from that of `then`.
    pub fn stability(&self, then: &Census) -> BTreeMap<String, f64> {
        let moved = |(name, shape): (&String, &Shape)| {
            Some((name.clone(), shape.stability(self.shapes.get(name)?)?))
        };
        then.shapes.iter().filter_map(moved).collect()
    }

    fn join(&mut self, other: Census) {
        self.enterprises += other.enterprises;
        self.coverage += other.coverage;
        for (level, count) in other.levels {
            *self.levels.entry(level).or_default() += count;
        }
        for (name, shape) in other.shapes {
            match self.shapes.get_mut(&name) {
                Some(held) => held.join(&shape),
                None => drop(self.shapes.insert(name, shape)),
            }
        }
        for (sector, (all, raised)) in other.sectors {
            let held = self.sectors.entry(sector).or_default();
            *held = (held.0 + all, held.1 + raised);
        }
    }
}

/// A census under way.
pub struct Pending {
    survey: Survey,
    parts: Vec<Arc<Mutex<Counting>>>,
}

impl Pending {
    /// Waits for the workers.
    ///
    /// # Errors
    /// When one is gone.
    pub fn finish(self) -> Result<Census> {
        self.survey.wait()?;
        let mut all = Census::default();
        for part in self.parts {
            let counting = std::mem::take(&mut *lock(&part));
            all.join(counting.end());
        }
        Ok(all)
    }
}

/// Begins to count all enterprises as `rules` assess them, in the bins of
/// `shapes`.
///
/// # Errors
/// When there is no model, or a worker is gone.
pub fn begin(
    engine: &Engine,
    rules: &InForce,
    shapes: &BTreeMap<String, Shape>,
) -> Result<Pending> {
    let mut parts = Vec::new();
    let visitor = || {
        let counting = Counting::new(rules, shapes);
        let part = Arc::new(Mutex::new(counting));
        parts.push(Arc::clone(&part));
        let policy = rules.records.settings.policy.clone();
        let visit: Visit = Box::new(move |enterprise, assessments, row| {
            if let [assessed] = assessments {
                lock(&part).see(enterprise, assessed, row, &policy);
            }
        });
        visit
    };
    let survey = engine.survey(&[scoring(rules)?], visitor)?;
    Ok(Pending { survey, parts })
}

fn scoring(rules: &InForce) -> Result<Rules> {
    let none = "there is no model: nothing is scored";
    rules.rules()?.context(none)
}

/// What one worker has counted.
#[derive(Default)]
struct Counting {
    census: Census,
    /// In feature order; those without a shape are not counted.
    shapes: Vec<Option<(String, Shape)>>,
    score: Option<Shape>,
    levels: [u64; 5],
    /// Which feature says the sector.
    sector: Option<usize>,
}

impl Counting {
    fn new(rules: &InForce, shapes: &BTreeMap<String, Shape>) -> Counting {
        let settings = &rules.records.settings;
        let empty = |name: &str| Some(Shape::new(shapes.get(name)?.cuts.clone()));
        let features = settings.features.iter().map(|f| &f.spec.name);
        Counting {
            shapes: features
                .map(|name| Some((name.clone(), empty(name)?)))
                .collect(),
            score: empty(SCORE),
            sector: settings.sector_place(),
            ..Counting::default()
        }
    }

    fn see(
        &mut self,
        enterprise: SubjectKey,
        assessed: &Assessment,
        row: &[Option<i64>],
        policy: &Policy,
    ) {
        let level = level_of(
            &crate::pipeline::judge::figures(enterprise, assessed),
            policy,
        );
        self.census.enterprises += 1;
        self.census.coverage += u64::from(assessed.coverage);
        self.levels[usize::from(level.rank())] += 1;
        for (shape, value) in self.shapes.iter_mut().zip(row) {
            if let Some((_, shape)) = shape {
                shape.add(*value);
            }
        }
        if let Some(shape) = &mut self.score {
            shape.add(Some(assessed.score.log_odds));
        }
        if let Some(place) = self.sector {
            let mut name = sector_name(row[place]);
            if !self.census.sectors.contains_key(&name) && self.census.sectors.len() >= SECTORS {
                name = "other".to_owned();
            }
            let held = self.census.sectors.entry(name).or_default();
            held.0 += 1;
            held.1 += u64::from(level > Level::None);
        }
    }

    fn end(self) -> Census {
        let mut census = self.census;
        let levels = Level::ALL.iter().zip(self.levels);
        census.levels = levels
            .map(|(l, count)| (l.name().to_owned(), count))
            .collect();
        census.shapes = self.shapes.into_iter().flatten().collect();
        let score = self.score.map(|shape| (SCORE.to_owned(), shape));
        census.shapes.extend(score);
        census
    }
}

/// What people call a sector: a letter where the feature holds one.
pub fn sector_name(value: Option<i64>) -> String {
    match value.map(|value| value / VALUE_SCALE) {
        None => "unknown".to_owned(),
        Some(code @ 65..=90) => char::from(code as u8).to_string(),
        Some(code) => code.to_string(),
    }
}

/// A sample of all enterprises, and what features contribute to their scores.
pub struct Sampled {
    /// Bins for every feature and the score, empty.
    pub shapes: BTreeMap<String, Shape>,
    /// What each feature contributes, and each pair and cap, by the names that
    /// explanations give them.
    pub contributions: BTreeMap<String, Spread>,
    /// How many enterprises were looked at.
    pub enterprises: usize,
}

/// One enterprise of a sample: the hash by which it was drawn, values, score.
type Drawn = (u64, Vec<Option<i64>>, i64);

/// Draws a sample: the enterprises with the least hashes, so that it does not
/// depend on workers or order.
///
/// # Errors
/// When there is no model, or a worker is gone.
pub fn sample(engine: &Engine, rules: &InForce) -> Result<Sampled> {
    let bound = rules.bound().context("there is no model")?;
    let mut parts = Vec::new();
    let visitor = || {
        let part: Arc<Mutex<Vec<Drawn>>> = Arc::default();
        parts.push(Arc::clone(&part));
        let visit: Visit = Box::new(move |enterprise, assessments, row| {
            let mut drawn = lock(&part);
            drawn.push((
                enterprise.hash64(),
                row.to_vec(),
                assessments[0].score.log_odds,
            ));
            if drawn.len() >= 2 * SAMPLE {
                cut(&mut drawn);
            }
        });
        visit
    };
    engine.survey(&[scoring(rules)?], visitor)?.wait()?;
    let parts = parts.iter();
    let mut drawn: Vec<Drawn> = parts
        .flat_map(|part| std::mem::take(&mut *lock(part)))
        .collect();
    cut(&mut drawn);
    let features = &rules.records.settings.features;
    let names = features.iter().map(|feature| feature.spec.name.clone());
    let terms = bound.terms();
    let terms = terms.iter().map(|term| term_name(features, term));
    let parts: Vec<String> = names.clone().chain(terms).collect();
    let mut weights = vec![Vec::new(); parts.len()];
    let mut of_row = Vec::new();
    for (_, row, _) in &drawn {
        bound.contributions(row, &mut of_row);
        let places = weights.iter_mut().zip(&of_row);
        places.for_each(|(weights, weight)| weights.push(*weight));
    }
    let column = |place: usize| drawn.iter().filter_map(move |(_, row, _)| row[place]);
    let columns = names.clone().enumerate();
    let shapes = columns.map(|(place, name)| (name, Shape::fitted(column(place).collect())));
    let score = Shape::fitted(drawn.iter().map(|(_, _, score)| *score).collect());
    Ok(Sampled {
        shapes: shapes.chain([(SCORE.to_owned(), score)]).collect(),
        contributions: parts
            .into_iter()
            .zip(weights.into_iter().map(Spread::of))
            .collect(),
        enterprises: drawn.len(),
    })
}

/// What explanations call a part of the score that is no single feature's.
fn term_name(features: &[Feature], term: &Term) -> String {
    let name = |place: usize| features[place].spec.name.as_str();
    match term {
        Term::Pair(first, second) => pair_name([name(*first), name(*second)]),
        Term::Cap(over, _) => cap_name(over),
    }
}

fn cut(drawn: &mut Vec<Drawn>) {
    drawn.sort_unstable();
    drawn.truncate(SAMPLE);
}

fn lock<T>(part: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(shape: &Shape, values: &[Option<i64>]) -> Shape {
        let mut shape = Shape::new(shape.cuts.clone());
        values.iter().for_each(|value| shape.add(*value));
        shape
    }

    #[test]
    fn levels_are_read_from_the_highest() {
        let counted = [
            ("blue", 4),
            ("none", 5),
            ("orange", 2),
            ("red", 1),
            ("yellow", 3),
        ];
        let levels = counted
            .map(|(level, count)| (level.to_owned(), count))
            .into();
        let expected = ["red 1", "orange 2", "yellow 3", "blue 4", "none 5"];
        assert_eq!(highest_first(&levels), expected);
    }

    #[test]
    fn the_index_is_the_textbooks() {
        let shape = |missing, counts: &[u64]| Shape {
            cuts: vec![10],
            missing,
            counts: counts.to_vec(),
        };
        let then = shape(20, &[50, 30]);
        let expected = (0.4_f64 - 0.2) * (0.4_f64 / 0.2).ln()
            + (0.3 - 0.5) * (0.3_f64 / 0.5).ln()
            + (0.3 - 0.3) * (0.3_f64 / 0.3).ln();
        let found = then.stability(&shape(4, &[3, 3])).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        assert_eq!(then.stability(&Shape::new(vec![11])), None);
        assert_eq!(then.stability(&shape(0, &[0, 0])), None);
    }

    #[test]
    fn a_spike_has_a_bin_of_its_own() {
        let mut values = vec![0; 900];
        values.extend(1..=100);
        let shape = Shape::fitted(values);
        assert_eq!(shape.cuts.first(), Some(&1), "{:?}", shape.cuts);
        assert!(Shape::fitted(vec![]).cuts.is_empty());
        assert!(Shape::fitted(vec![7; 50]).cuts.is_empty());
    }

    proptest! {
        #[test]
        fn what_has_not_moved_has_no_index_and_nothing_is_below_zero(
            then in proptest::collection::vec(proptest::option::of(0..40i64), 1..200),
            now in proptest::collection::vec(proptest::option::of(0..40i64), 1..200),
        ) {
            let bins = Shape::fitted(then.iter().flatten().copied().collect());
            prop_assert!(bins.cuts.is_sorted() && bins.cuts.len() <= 2 * (BINS + 1));
            let (then, now) = (counted(&bins, &then), counted(&bins, &now));
            prop_assert_eq!(then.stability(&then), Some(0.0));
            prop_assert!(then.stability(&now).unwrap() >= -1e-12);
        }
    }
}
