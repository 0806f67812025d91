//! Training and judging models on the outcomes that sources carry.

use crate::config::{AsOf, Settings};
use crate::hindsight::{self, Example};
use crate::pipeline::records::Records;
use crate::pipeline::specs;
use crate::time::midnight_ms;
use crate::verify::fold_all;
use crate::view::View;
use anyhow::{Context, Result, bail};
use std::path::Path;
use tocsin_ingest::fact::{SubjectKey, VALUE_SCALE};
use tocsin_ingest::values::Uscc;
use tocsin_models::{
    Artifact, Evaluation, FeatureKind, ModelKind, Provenance, Rows, Said, TrainParams,
};
use tokio::runtime::Handle;
use xxhash_rust::xxh3::Xxh3;

/// The enterprises with an outcome, ready for training.
pub struct Examples {
    /// Whose rows.
    pub enterprises: Vec<SubjectKey>,
    /// Their features, without those of findings.
    pub rows: Rows,
    /// Their outcomes.
    pub labels: Vec<bool>,
    /// Which of them are in the sectors that are judged apart.
    pub within: Option<Vec<bool>>,
}

impl Examples {
    /// Gathers the registered enterprises with an outcome, as of `time_ms` or of
    /// when each was checked, as `[training]` says.
    ///
    /// # Errors
    /// When the landing cannot be read, there is no outcome, or none of one kind.
    pub fn gather(view: &View, time_ms: i64, runtime: &Handle) -> Result<Examples> {
        let records = view.records();
        let settings = &records.settings;
        let known = match settings.training.as_of {
            AsOf::Now => examples_now(&records, time_ms)?,
            AsOf::Outcome => hindsight::examples(view, runtime)?,
        };
        Examples::of(settings, known)
    }

    /// Makes known examples ready for training.
    fn of(settings: &Settings, known: Known) -> Result<Examples> {
        let Known {
            enterprises,
            labels,
            mut rows,
        } = known;
        if labels.is_empty() && settings.training.as_of == AsOf::Outcome {
            bail!(
                "no enterprise was known before the month in which its outcome arrived: the state must have been there when the records came (`tocsin demo`, `simulate --arrivals`), or say `[training] as_of = \"now\"`"
            );
        }
        let positive = labels.iter().filter(|positive| **positive).count();
        if positive == 0 || positive == labels.len() {
            bail!(
                "there are {} outcomes of registered enterprises, {positive} of them positive; training needs both kinds, from a source with [outcome]",
                labels.len()
            );
        }
        // A hard trigger is a finding: it overrides the level, never the score, and
        // it follows from what the outcome follows from. No model may weigh it.
        let features = settings.features.iter().enumerate();
        for (place, _) in features.filter(|(_, feature)| feature.hard) {
            rows.clear(place);
        }
        Ok(Examples {
            within: within(settings, &rows),
            enterprises,
            labels,
            rows,
        })
    }

    /// What never to separate: the rows of one enterprise.
    pub fn groups(&self) -> Vec<u64> {
        let keys = self.enterprises.iter();
        keys.map(|enterprise| enterprise.hash64()).collect()
    }

    /// A hash of everything trained on.
    pub fn hash(&self) -> String {
        let mut hasher = Xxh3::new();
        let rows = self.rows.iter();
        for ((enterprise, row), label) in self.enterprises.iter().zip(rows).zip(&self.labels) {
            hasher.update(&enterprise.0.to_le_bytes());
            hasher.update(&[u8::from(*label)]);
            for value in row {
                hasher.update(&value.unwrap_or(i64::MIN).to_le_bytes());
            }
        }
        format!("{:016x}", hasher.digest())
    }
}

/// Examples as they are gathered: each value is kept once, by feature.
pub struct Known {
    enterprises: Vec<SubjectKey>,
    labels: Vec<bool>,
    rows: Rows,
}

impl Known {
    /// None yet, of a configuration's features.
    pub fn of(settings: &Settings) -> Known {
        Known {
            enterprises: Vec::new(),
            labels: Vec::new(),
            rows: Rows::new(settings.features.len()),
        }
    }

    /// Adds one, with each instant at which it was looked at.
    pub fn push(&mut self, example: &Example) {
        for row in &example.rows {
            self.enterprises.push(example.enterprise);
            self.labels.push(example.positive);
            self.rows.push(row);
        }
    }
}

/// The registered enterprises with an outcome, as they are known now.
fn examples_now(records: &Records, time_ms: i64) -> Result<Known> {
    let folded = fold_all(records, time_ms, &mut 0)?;
    let mut outcomes: Vec<(SubjectKey, bool)> = folded
        .outcomes
        .iter()
        .map(|(key, positive)| (*key, *positive))
        .collect();
    outcomes.retain(|(enterprise, _)| folded.is_registered(*enterprise));
    outcomes.sort_unstable();
    let mut known = Known::of(&records.settings);
    for (enterprise, positive) in outcomes {
        known.push(&Example {
            enterprise,
            positive,
            arrived_ms: time_ms,
            rows: vec![folded.features(enterprise)],
        });
    }
    Ok(known)
}

/// Which rows are of the sectors that are judged apart.
fn within(settings: &Settings, rows: &Rows) -> Option<Vec<bool>> {
    let (feature, sectors) = settings.sectors.as_ref()?;
    let mut features = settings.features.iter();
    let place = features.position(|f| f.spec.name == *feature)?;
    let sector = |row: usize| rows.get(row, place).map(|value| value / VALUE_SCALE);
    let apart = |row| sector(row).is_some_and(|sector| sectors.contains(&sector));
    Some((0..rows.len()).map(apart).collect())
}

/// Trains a model on all outcomes as of `time_ms`; of the configured kind, unless
/// another is given.
///
/// # Errors
/// When the landing cannot be read, or the outcomes do not suffice.
pub fn train(
    view: &View,
    time_ms: i64,
    kind: Option<ModelKind>,
    runtime: &Handle,
) -> Result<Artifact> {
    let records = view.records();
    let examples = Examples::gather(view, time_ms, runtime)?;
    let training = &records.settings.training;
    let kind = kind.unwrap_or(training.params.kind);
    fit(&records.settings, &examples, kind, training.as_of, time_ms)
}

/// Trains a model on these examples, which are as of `as_of`.
///
/// # Errors
/// When they do not suffice.
pub fn fit(
    settings: &Settings,
    examples: &Examples,
    kind: ModelKind,
    as_of: AsOf,
    time_ms: i64,
) -> Result<Artifact> {
    let positive = examples.labels.iter().filter(|positive| **positive).count();
    let known = match as_of {
        AsOf::Now => "as known at the end".to_owned(),
        AsOf::Outcome => before_outcome(&settings.training.months_before),
    };
    let provenance = Provenance {
        data_hash: examples.hash(),
        config_hash: settings.hash.clone(),
        // The day is all of the time that features depend on: training again on
        // it gives the same model, to the byte.
        created: crate::time::day_text(crate::time::day_of(time_ms)),
        note: format!(
            "{} outcomes, {positive} positive, {known}",
            examples.labels.len()
        ),
    };
    let params = TrainParams {
        kind,
        ..settings.training.params.clone()
    };
    Ok(tocsin_models::train_rows(
        &specs(settings),
        &examples.rows,
        &examples.labels,
        &examples.groups(),
        &params,
        provenance,
    )?)
}

/// As of when examples are known that are looked at so many months before the
/// month of their outcome.
fn before_outcome(months: &[u8]) -> String {
    if months == [0] {
        return "as known before the month of the outcome".to_owned();
    }
    let months: Vec<String> = months.iter().map(u8::to_string).collect();
    format!(
        "each as known {} months before the month of the outcome",
        months.join(", ")
    )
}

/// Trains a model of the configured kind on what was known at the beginning of
/// `day`.
///
/// # Errors
/// When the examples do not suffice.
pub fn train_on(settings: &Settings, known: Known, day: i32) -> Result<Artifact> {
    let examples = Examples::of(settings, known)?;
    let kind = settings.training.params.kind;
    fit(settings, &examples, kind, AsOf::Outcome, midnight_ms(day))
}

/// What is said of each example by a model trained without its enterprise: held
/// against the examples, whatever the rate among all is.
///
/// # Errors
/// When they do not suffice.
pub fn held_out(
    settings: &Settings,
    examples: &Examples,
    kind: ModelKind,
    folds: usize,
    seed: u64,
) -> Result<Vec<Said>> {
    let params = TrainParams {
        kind,
        base_rate: None,
        ..settings.training.params.clone()
    };
    Ok(tocsin_models::cross_validated(
        &specs(settings),
        &examples.rows,
        (&examples.labels, &examples.groups()),
        params,
        folds,
        seed,
    )?)
}

/// How the training of one kind of model was judged.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Judged {
    /// The kind.
    pub kind: ModelKind,
    /// One evaluation a split.
    pub splits: Vec<Evaluation>,
}

/// Judges the training of each of `kinds` by cross-validation that never
/// separates an enterprise, once for each of `repeats` splits, which are the same
/// for all kinds.
///
/// # Errors
/// As [`train`].
pub fn evaluate(
    settings: &Settings,
    examples: &Examples,
    kinds: &[ModelKind],
    splits: Splits,
) -> Result<Vec<Judged>> {
    let specs = specs(settings);
    let groups = examples.groups();
    let mut judged = Vec::new();
    for kind in kinds {
        // Held against the examples, whatever the rate among all is.
        let params = TrainParams {
            kind: *kind,
            base_rate: None,
            ..settings.training.params.clone()
        };
        let split = |seed: u64| {
            tocsin_models::cross_validate_rows(
                &specs,
                &examples.rows,
                (&examples.labels, &groups),
                examples.within.as_deref(),
                params.clone(),
                splits.folds,
                seed,
            )
        };
        judged.push(Judged {
            kind: *kind,
            splits: splits.seeds().map(split).collect::<Result<_, _>>()?,
        });
    }
    Ok(judged)
}

/// How examples are split, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Splits {
    /// Folds of each split.
    pub folds: usize,
    /// Seed of the first.
    pub seed: u64,
    /// How many splits.
    pub repeats: usize,
}

impl Splits {
    fn seeds(self) -> std::ops::Range<u64> {
        self.seed..self.seed + self.repeats as u64
    }
}

/// Writes the examples as CSV, as they are trained and judged on: identifier,
/// outcome, whether in the sectors judged apart, the fold in each split, and each
/// feature's value, its kind after its name; empty where it is missing.
///
/// # Errors
/// When the disk refuses, or the landing cannot be read.
pub fn write_examples(
    path: &Path,
    records: &Records,
    examples: &Examples,
    splits: Splits,
) -> Result<()> {
    let ids = records.opaque_ids()?;
    let groups = examples.groups();
    let folds: Vec<Vec<usize>> = splits
        .seeds()
        .map(|seed| tocsin_models::deal_folds(&groups, &examples.labels, splits.folds, seed))
        .collect();
    let mut writer = csv::Writer::from_path(path)
        .with_context(|| format!("`{}` cannot be written", path.display()))?;
    let mut head = ["id", "outcome", "within"].map(str::to_owned).to_vec();
    head.extend(splits.seeds().map(|seed| format!("fold:{seed}")));
    head.extend(specs(&records.settings).iter().map(|spec| {
        let kind = match spec.kind {
            FeatureKind::Number => "number",
            FeatureKind::Category => "category",
        };
        format!("{}:{kind}", spec.name)
    }));
    writer.write_record(&head)?;
    for (place, enterprise) in examples.enterprises.iter().enumerate() {
        let code = Uscc::from_key(*enterprise).map(|code| code.as_str().to_owned());
        let within = examples.within.as_ref().is_some_and(|within| within[place]);
        let flag = |flag: bool| u8::from(flag).to_string();
        let mut line = vec![
            code.or_else(|| ids.get(enterprise).cloned())
                .unwrap_or_else(|| format!("{enterprise:032x}")),
            flag(examples.labels[place]),
            flag(within),
        ];
        line.extend(folds.iter().map(|folds| folds[place].to_string()));
        let shown = |value: &Option<i64>| value.map_or(String::new(), decimal);
        line.extend(examples.rows.row(place).iter().map(shown));
        writer.write_record(&line)?;
    }
    writer.flush()?;
    Ok(())
}

/// A stored value as people write it.
fn decimal(stored: i64) -> String {
    let scale = VALUE_SCALE.unsigned_abs();
    let sign = if stored < 0 { "-" } else { "" };
    let (whole, part) = (stored.unsigned_abs() / scale, stored.unsigned_abs() % scale);
    format!("{sign}{whole}.{part:04}")
}
