//! Measures a version on the state: distributions over all enterprises, and how
//! good it is by outcomes, where there are any.

use super::dossier::{
    By, Calibration, Dossier, FORMAT, Figure, Judged, Made, Measured, Part, Share, Subgroup,
};
use super::subgroup::Subgroups;
use crate::census;
use crate::config::{AsOf, Settings};
use crate::pipeline::rules::Model;
use crate::train::{self, Examples};
use crate::view::View;
use anyhow::{Context, Result};
use tocsin_models::{Artifact, Evaluation, Said, TrainParams, evaluate};
use tokio::runtime::Handle;

/// Folds and seed of the cross-validation.
const FOLDS: usize = 5;
const SEED: u64 = 1;
/// Parts of the ranking that lift is shown of.
const TENTHS: usize = 10;
/// A dossier of a version that is not measured.
///
/// # Errors
/// When the program cannot read itself.
pub fn unmeasured(card: &Artifact, settings: &Settings) -> Result<Dossier> {
    let made = card.provenance();
    let categories = settings.features.iter().map(|feature| {
        let spec = &feature.spec;
        (spec.name.clone(), spec.category.letter())
    });
    let parts = card.parts().into_iter().map(|(kind, version)| Part {
        kind: kind.name().to_owned(),
        version: version.to_owned(),
    });
    Ok(Dossier {
        format: FORMAT,
        version: card.version().to_owned(),
        kind: card.kind().name().to_owned(),
        parts: parts.collect(),
        calibration: card.calibration().to_vec(),
        made: Made {
            data_hash: made.data_hash.clone(),
            config_hash: made.config_hash.clone(),
            created: made.created.clone(),
            note: made.note.clone(),
        },
        program: crate::cluster::build()?,
        configuration: settings.hash.clone(),
        features: settings.parts.get("features").cloned().unwrap_or_default(),
        categories: categories.collect(),
        parameters: serde_json::to_value(TrainParams {
            kind: card.kind(),
            ..settings.training.params.clone()
        })?,
        measured: None,
    })
}

/// A dossier with everything that the state says of a version.
///
/// # Errors
/// When the version does not fit the features, or the state cannot be read.
pub fn measured(card: &Artifact, view: &View, runtime: &Handle) -> Result<Dossier> {
    let in_force = view.in_force();
    let settings = &in_force.records.settings;
    let model = Model::new(card.clone(), settings)?;
    let rules = in_force.with(Settings::clone(settings), Some(model), None);
    let engine = view.engine().context("the engine has ended")?;
    let sampled = census::sample(&engine, &rules)?;
    let population = census::begin(&engine, &rules, &sampled.shapes)?.finish()?;
    let status = view.status();
    let judged = judged(card, view, status.time_ms, runtime);
    let (judged, not_judged) = match judged {
        Ok(judged) => (Some(judged), String::new()),
        Err(error) => (None, format!("{error:#}")),
    };
    Ok(Dossier {
        measured: Some(Measured {
            epoch: status.epoch,
            as_of: crate::time::instant_text(status.time_ms),
            records: status.stats.iter().map(|stats| stats.accepted).sum(),
            population,
            contributions: sampled.contributions,
            sampled: sampled.enterprises,
            judged,
            not_judged,
        }),
        ..unmeasured(card, settings)?
    })
}

/// How good it is by the outcomes there are. Where it was trained on just these,
/// that is judged by what each row scores while it is held out.
fn judged(card: &Artifact, view: &View, time_ms: i64, runtime: &Handle) -> Result<Judged> {
    let records = view.records();
    let settings = &records.settings;
    let examples = Examples::gather(view, time_ms, runtime)?;
    let hash = examples.hash();
    let by = match card.provenance().data_hash == hash {
        true => By::HeldOut,
        false => By::Itself,
    };
    let said = match by {
        By::HeldOut => train::held_out(settings, &examples, card.kind(), FOLDS, SEED)?,
        By::Itself => {
            let bound = Model::new(card.clone(), settings)?.bound;
            let rows = examples.rows.iter();
            rows.map(|row| bound.said(&row)).collect()
        }
    };
    let groups = examples.groups();
    let strata = examples.within.as_deref();
    let found = evaluate(&said, &examples.labels, strata, &groups, SEED)?;
    let reproduced = by == By::HeldOut
        && train::fit(
            settings,
            &examples,
            card.kind(),
            settings.training.as_of,
            time_ms,
        )
        .is_ok_and(|again| again.version() == card.version());
    let order = ranking(&said, &examples);
    Ok(Judged {
        by,
        rows: found.rows,
        positives: found.positives,
        enterprises: found.enterprises,
        known: match settings.training.as_of {
            AsOf::Now => "now".to_owned(),
            AsOf::Outcome => "outcome".to_owned(),
        },
        months_before: match settings.training.as_of {
            AsOf::Now => Vec::new(),
            AsOf::Outcome => settings.training.months_before.clone(),
        },
        data_hash: hash,
        reproduced,
        figures: figures(&found),
        precision_at: precision(&found, &order, &examples.labels),
        calibration: calibration(&found),
        tenths: tenths(&order, &examples.labels),
        subgroups: subgroups(&order, &examples, view, settings)?,
    })
}

/// The rows from the highest score to the lowest; of equals by whom they are.
fn ranking(said: &[Said], examples: &Examples) -> Vec<usize> {
    let mut order: Vec<usize> = (0..said.len()).collect();
    order.sort_by_key(|row| {
        let who = examples.enterprises[*row].hash64();
        (std::cmp::Reverse(said[*row].log_odds), who, *row)
    });
    order
}

fn figures(found: &Evaluation) -> Vec<Figure> {
    let within = found.auc_within.as_ref();
    let named = [
        ("average precision", Some(&found.average_precision)),
        ("AUC", Some(&found.auc)),
        ("AUC within sectors", within),
        ("best F1", Some(&found.f1_best)),
        ("0.5 P + 0.3 R + 0.2 F1", Some(&found.f_weighted)),
        ("Brier score", Some(&found.brier)),
        ("calibration error", Some(&found.calibration_error)),
        (
            "calibration error by chance alone",
            found.calibration_chance.as_ref(),
        ),
    ];
    let figure = |(name, figure): (&str, Option<&tocsin_models::Figure>)| {
        let figure = figure?;
        Some(Figure {
            name: name.to_owned(),
            value: figure.value,
            low: figure.low,
            high: figure.high,
        })
    };
    named.into_iter().filter_map(figure).collect()
}

fn precision(found: &Evaluation, order: &[usize], labels: &[bool]) -> Vec<(usize, Share)> {
    let at = |(count, figure): &(usize, tocsin_models::Figure)| {
        let first = order.iter().take(*count);
        let part = first.filter(|row| labels[**row]).count();
        let share = Share {
            part,
            whole: *count,
            low: figure.low,
            high: figure.high,
        };
        (*count, share)
    };
    let mut all: Vec<(usize, Share)> = found.precision_at.iter().map(at).collect();
    all.sort_by_key(|(count, _)| *count);
    all
}

fn calibration(found: &Evaluation) -> Vec<Calibration> {
    let bins = found.calibration.iter();
    bins.map(|bin| Calibration {
        predicted: bin.predicted,
        observed: Share::of((bin.observed * bin.rows as f64).round() as usize, bin.rows),
    })
    .collect()
}

fn tenths(order: &[usize], labels: &[bool]) -> Vec<(usize, usize)> {
    let part = |tenth: usize| {
        let bound = |place: usize| order.len() * place / TENTHS;
        let rows = &order[bound(tenth)..bound(tenth + 1)];
        (rows.len(), rows.iter().filter(|row| labels[**row]).count())
    };
    (0..TENTHS).map(part).collect()
}

/// Who is found and who is alarmed by district and sector, when as many are
/// visited as there are positives.
fn subgroups(
    order: &[usize],
    examples: &Examples,
    view: &View,
    settings: &Settings,
) -> Result<Vec<Subgroup>> {
    let positives = examples.labels.iter().filter(|label| **label).count();
    let mut visited = vec![false; order.len()];
    order
        .iter()
        .take(positives)
        .for_each(|row| visited[*row] = true);
    let known = view.records().identities(&examples.enterprises)?;
    let mut groups = Subgroups::default();
    for (row, enterprise) in examples.enterprises.iter().enumerate() {
        let identity = known.get(enterprise);
        let district = identity.and_then(|identity| identity.district.clone());
        let labels = (examples.labels[row], visited[row]);
        groups.add(settings, district, &examples.rows.row(row), labels);
    }
    Ok(groups.shown())
}
