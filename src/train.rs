//! Training and judging models on the outcomes that sources carry.

use crate::config::Settings;
use crate::fold::Folded;
use crate::pipeline::records::Records;
use crate::pipeline::specs;
use crate::verify::fold_all;
use anyhow::{Result, bail};
use tocsin_ingest::fact::SubjectKey;
use tocsin_models::{Evaluation, Provenance, Scorecard};
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
    /// Gathers the registered enterprises with an outcome from a fold.
    ///
    /// # Errors
    /// When there is no outcome, or none of one kind.
    pub fn gather(settings: &Settings, folded: &Folded<'_>) -> Result<Examples> {
        let mut labelled: Vec<(SubjectKey, bool)> = folded
            .outcomes
            .iter()
            .map(|(key, positive)| (*key, *positive))
            .collect();
        labelled.retain(|(enterprise, _)| folded.is_registered(*enterprise));
        labelled.sort_unstable();
        let positive = labelled.iter().filter(|(_, positive)| *positive).count();
        if positive == 0 || positive == labelled.len() {
            bail!(
                "there are {} outcomes of registered enterprises, {positive} of them positive; training needs both kinds, from a source with [outcome]",
                labelled.len()
            );
        }
        let known = |enterprise: &SubjectKey| weighable(settings, folded.features(*enterprise));
        let rows: Vec<Vec<Option<i64>>> = labelled.iter().map(|(key, _)| known(key)).collect();
        let within = settings.sectors.as_ref().and_then(|(feature, sectors)| {
            let place = settings
                .features
                .iter()
                .position(|f| f.spec.name == *feature)?;
            let value =
                |row: &Vec<Option<i64>>| row[place].map(|v| v / tocsin_ingest::fact::VALUE_SCALE);
            Some(
                rows.iter()
                    .map(|row| value(row).is_some_and(|v| sectors.contains(&v)))
                    .collect(),
            )
        });
        Ok(Examples {
            enterprises: labelled.iter().map(|(enterprise, _)| *enterprise).collect(),
            labels: labelled.iter().map(|(_, positive)| *positive).collect(),
            rows,
            within,
        })
    }

    /// A hash of everything trained on.
    fn hash(&self) -> String {
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
pub fn train(records: &Records, time_ms: i64) -> Result<Scorecard> {
    let mut count = 0;
    let folded = fold_all(records, time_ms, &mut count)?;
    let examples = Examples::gather(&records.settings, &folded)?;
    let positive = examples.labels.iter().filter(|positive| **positive).count();
    let provenance = Provenance {
        data_hash: examples.hash(),
        config_hash: records.settings.hash.clone(),
        // The day is all of the time that features depend on: training again on
        // it gives the same model, to the byte.
        created: crate::time::day_text(crate::time::day_of(time_ms)),
        note: format!(
            "{} outcomes, {positive} positive, from {count} live records",
            examples.labels.len()
        ),
    };
    let specs = specs(&records.settings);
    Ok(tocsin_models::train(
        &specs,
        &examples.rows,
        &examples.labels,
        records.settings.training.clone(),
        provenance,
    )?)
}

/// Judges the training by cross-validation that never separates an enterprise,
/// once for each of `repeats` splits.
///
/// # Errors
/// As [`train`].
pub fn evaluate(
    records: &Records,
    time_ms: i64,
    folds: usize,
    seed: u64,
    repeats: usize,
) -> Result<Vec<Evaluation>> {
    let mut count = 0;
    let folded = fold_all(records, time_ms, &mut count)?;
    let examples = Examples::gather(&records.settings, &folded)?;
    let specs = specs(&records.settings);
    let groups: Vec<u64> = examples
        .enterprises
        .iter()
        .map(|enterprise| enterprise.hash64())
        .collect();
    let within = examples.within.as_deref();
    let split = |seed: u64| {
        tocsin_models::cross_validate(
            &specs,
            &examples.rows,
            &examples.labels,
            within,
            &groups,
            records.settings.training.clone(),
            folds,
            seed,
        )
    };
    let seeds = seed..seed + repeats as u64;
    Ok(seeds.map(split).collect::<Result<_, _>>()?)
}
