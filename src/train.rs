//! Training and judging models on the outcomes that sources carry.

use crate::config::{AsOf, Settings};
use crate::hindsight::{self, Example};
use crate::pipeline::records::Records;
use crate::pipeline::specs;
use crate::verify::fold_all;
use crate::view::View;
use anyhow::{Result, bail};
use tocsin_ingest::fact::{SubjectKey, VALUE_SCALE};
use tocsin_models::{Evaluation, Provenance, Scorecard, TrainParams};
use tokio::runtime::Handle;
use xxhash_rust::xxh3::Xxh3;

/// The enterprises with an outcome, ready for training.
pub struct Examples {
    /// Whose rows.
    pub enterprises: Vec<SubjectKey>,
    /// Their features.
    pub rows: Vec<Vec<Option<i64>>>,
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
    fn of(settings: &Settings, known: Vec<Example>) -> Result<Examples> {
        if known.is_empty() && settings.training.as_of == AsOf::Outcome {
            bail!(
                "no enterprise was known before the month in which its outcome arrived: the state must have been there when the records came (`tocsin demo`, `simulate --arrivals`), or say `[training] as_of = \"now\"`"
            );
        }
        let positive = known.iter().filter(|example| example.positive).count();
        if positive == 0 || positive == known.len() {
            bail!(
                "there are {} outcomes of registered enterprises, {positive} of them positive; training needs both kinds, from a source with [outcome]",
                known.len()
            );
        }
        let enterprises = known.iter().map(|example| example.enterprise).collect();
        let labels = known.iter().map(|example| example.positive).collect();
        let rows = known.into_iter().map(|e| weighable(settings, e.row));
        let rows: Vec<Vec<Option<i64>>> = rows.collect();
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
        for ((enterprise, row), label) in self.enterprises.iter().zip(&self.rows).zip(&self.labels)
        {
            hasher.update(&enterprise.0.to_le_bytes());
            hasher.update(&[u8::from(*label)]);
            for value in row {
                hasher.update(&value.unwrap_or(i64::MIN).to_le_bytes());
            }
        }
        format!("{:016x}", hasher.digest())
    }
}

/// The registered enterprises with an outcome, as they are known now.
fn examples_now(records: &Records, time_ms: i64) -> Result<Vec<Example>> {
    let folded = fold_all(records, time_ms, &mut 0)?;
    let mut outcomes: Vec<(SubjectKey, bool)> = folded
        .outcomes
        .iter()
        .map(|(key, positive)| (*key, *positive))
        .collect();
    outcomes.retain(|(enterprise, _)| folded.is_registered(*enterprise));
    outcomes.sort_unstable();
    let example = |(enterprise, positive)| Example {
        enterprise,
        positive,
        arrived_ms: time_ms,
        row: folded.features(enterprise),
    };
    Ok(outcomes.into_iter().map(example).collect())
}

/// Which rows are of the sectors that are judged apart.
fn within(settings: &Settings, rows: &[Vec<Option<i64>>]) -> Option<Vec<bool>> {
    let (feature, sectors) = settings.sectors.as_ref()?;
    let mut features = settings.features.iter();
    let place = features.position(|f| f.spec.name == *feature)?;
    let sector = |row: &Vec<Option<i64>>| row[place].map(|value| value / VALUE_SCALE);
    let apart = |row| sector(row).is_some_and(|sector| sectors.contains(&sector));
    Some(rows.iter().map(apart).collect())
}

/// What a model may weigh. A hard trigger is a finding: it overrides the level,
/// never the score, and it follows from what the outcome follows from.
fn weighable(settings: &Settings, mut row: Vec<Option<i64>>) -> Vec<Option<i64>> {
    for (value, feature) in row.iter_mut().zip(&settings.features) {
        *value = value.filter(|_| !feature.hard);
    }
    row
}

/// Trains a scorecard on all outcomes as of `time_ms`.
///
/// # Errors
/// When the landing cannot be read, or the outcomes do not suffice.
pub fn train(view: &View, time_ms: i64, runtime: &Handle) -> Result<Scorecard> {
    let records = view.records();
    let examples = Examples::gather(view, time_ms, runtime)?;
    fit(&records.settings, &examples, time_ms)
}

/// Trains a scorecard on these examples.
///
/// # Errors
/// When they do not suffice.
pub fn fit(settings: &Settings, examples: &Examples, time_ms: i64) -> Result<Scorecard> {
    let positive = examples.labels.iter().filter(|positive| **positive).count();
    let known = match settings.training.as_of {
        AsOf::Now => "as known at the end",
        AsOf::Outcome => "as known before the month of the outcome",
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
    Ok(tocsin_models::train_grouped(
        &specs(settings),
        &examples.rows,
        &examples.labels,
        &examples.groups(),
        settings.training.params.clone(),
        provenance,
    )?)
}

/// Trains a scorecard on what was known at the beginning of `day`.
///
/// # Errors
/// When the examples do not suffice.
pub fn train_on(settings: &Settings, known: Vec<Example>, day: i32) -> Result<Scorecard> {
    let examples = Examples::of(settings, known)?;
    let provenance = Provenance {
        data_hash: examples.hash(),
        config_hash: settings.hash.clone(),
        created: crate::time::day_text(day),
        note: format!(
            "{} outcomes, as known before their months",
            examples.labels.len()
        ),
    };
    Ok(tocsin_models::train_grouped(
        &specs(settings),
        &examples.rows,
        &examples.labels,
        &examples.groups(),
        settings.training.params.clone(),
        provenance,
    )?)
}

/// What each example scores by a model trained without its enterprise: held
/// against the examples, whatever the rate among all is.
///
/// # Errors
/// When they do not suffice.
pub fn held_out(
    settings: &Settings,
    examples: &Examples,
    folds: usize,
    seed: u64,
) -> Result<Vec<i64>> {
    let params = TrainParams {
        base_rate: None,
        ..settings.training.params.clone()
    };
    Ok(tocsin_models::cross_validated_log_odds(
        &specs(settings),
        &examples.rows,
        &examples.labels,
        &examples.groups(),
        params,
        folds,
        seed,
    )?)
}

/// Judges the training by cross-validation that never separates an enterprise,
/// once for each of `repeats` splits.
///
/// # Errors
/// As [`train`].
pub fn evaluate(
    view: &View,
    time_ms: i64,
    folds: usize,
    seed: u64,
    repeats: usize,
    runtime: &Handle,
) -> Result<Vec<Evaluation>> {
    let records = view.records();
    let settings = &records.settings;
    let examples = Examples::gather(view, time_ms, runtime)?;
    let specs = specs(settings);
    let groups = examples.groups();
    let within = examples.within.as_deref();
    // Held against the examples, whatever the rate among all is.
    let params = TrainParams {
        base_rate: None,
        ..settings.training.params.clone()
    };
    let split = |seed: u64| {
        tocsin_models::cross_validate(
            &specs,
            &examples.rows,
            &examples.labels,
            within,
            &groups,
            params.clone(),
            folds,
            seed,
        )
    };
    let seeds = seed..seed + repeats as u64;
    Ok(seeds.map(split).collect::<Result<_, _>>()?)
}
