//! Outcomes that came since the model is in force, beside what it had said of
//! those enterprises before they came.

use super::Outcomes;
use crate::history;
use crate::pipeline::rules::InForce;
use crate::registry::dossier::{Calibration, Share, Subgroup};
use crate::registry::subgroup::Subgroups;
use crate::view::View;
use anyhow::Result;
use std::collections::BTreeMap;
use tocsin_alerts::level::Level;
use tocsin_ingest::fact::SubjectKey;
use tokio::runtime::Handle;

/// Outcomes looked at, the newest.
const MOST: usize = 2_000;
/// Bins of the calibration.
const BINS: usize = 5;

/// An outcome and what was said before.
struct Told {
    enterprise: SubjectKey,
    positive: bool,
    log_odds: i64,
    probability: f64,
    level: Level,
}

/// What the outcomes since the model is in force say; `None`: there are none.
pub(super) fn since(view: &View, runtime: &Handle, rules: &InForce) -> Result<Option<Outcomes>> {
    let (arrived, cut) = arrived(view, rules)?;
    let ended = latest(&arrived);
    let keys: Vec<[u8; 16]> = ended.keys().map(|key| key.0.to_be_bytes()).collect();
    // Files of before are not read: they grow with the years.
    let lines = history::since(&view.data, &view.store, rules.epoch, &keys);
    let lines = runtime.block_on(lines)?;
    let mut told = Vec::new();
    for (enterprise, (arrival_ms, positive)) in ended {
        let lines = lines.get(&enterprise.0.to_be_bytes()).into_iter().flatten();
        let before = lines.rev().find(|line| line.time_ms < arrival_ms);
        let before = before.filter(|line| line.index > 0);
        told.extend(before.map(|line| Told {
            enterprise,
            positive,
            log_odds: line.log_odds,
            probability: view.probability(line.log_odds, line.index),
            level: line.level,
        }));
    }
    if told.is_empty() {
        return Ok(None);
    }
    told.sort_by_key(|told| (told.log_odds, told.enterprise));
    let positive = told.iter().filter(|told| told.positive).count();
    Ok(Some(Outcomes {
        rows: told.len(),
        cut,
        expected: told.iter().map(|told| told.probability).sum(),
        observed: Share::of(positive, told.len()),
        calibration: calibration(&told),
        errors: errors(view, rules, &told)?,
    }))
}

/// Enterprise, arrival and outcome, of those that arrived since the rules are in
/// force; whether older ones were left out.
type Arrived = Vec<(SubjectKey, (i64, bool))>;

fn arrived(view: &View, rules: &InForce) -> Result<(Arrived, bool)> {
    let mut arrived = crate::queue::ended(view)?;
    arrived.retain(|(_, arrival_ms, _)| *arrival_ms > rules.time_ms);
    arrived.sort_by_key(|(enterprise, arrival_ms, _)| (*arrival_ms, *enterprise));
    let cut = arrived.len() > MOST;
    let newest = arrived.split_off(arrived.len().saturating_sub(MOST));
    let newest = newest.into_iter();
    let mut newest: Arrived = newest
        .map(|(key, at_ms, positive)| (key, (at_ms, positive)))
        .collect();
    newest.sort_unstable();
    Ok((newest, cut))
}

/// One outcome an enterprise: its first positive one, else its last.
fn latest(arrived: &Arrived) -> BTreeMap<SubjectKey, (i64, bool)> {
    let mut kept: BTreeMap<SubjectKey, (i64, bool)> = BTreeMap::new();
    for (enterprise, outcome) in arrived {
        let held = kept.entry(*enterprise).or_insert(*outcome);
        if !held.1 {
            *held = *outcome;
        }
    }
    kept
}

fn calibration(told: &[Told]) -> Vec<Calibration> {
    let size = told.len().div_ceil(BINS).max(1);
    let bin = |part: &[Told]| {
        let predicted: f64 = part.iter().map(|told| told.probability).sum();
        let positive = part.iter().filter(|told| told.positive).count();
        Calibration {
            predicted: predicted / part.len() as f64,
            observed: Share::of(positive, part.len()),
        }
    };
    told.chunks(size).map(bin).collect()
}

fn errors(view: &View, rules: &InForce, told: &[Told]) -> Result<Vec<Subgroup>> {
    let settings = &rules.records.settings;
    let keys: Vec<SubjectKey> = told.iter().map(|told| told.enterprise).collect();
    let known = view.records().identities(&keys)?;
    let mut groups = Subgroups::default();
    for told in told {
        let labels = (told.positive, told.level >= Level::Yellow);
        let district = known.get(&told.enterprise).and_then(|i| i.district.clone());
        let row = match settings.sector_place() {
            Some(_) => crate::explain::values(&rules.records, told.enterprise, &view.status())?,
            None => Vec::new(),
        };
        groups.add_to_all(labels);
        groups.add(settings, district, &row, labels);
    }
    Ok(groups.shown())
}
