//! Watching a model at work: whether features and score are still distributed as
//! they were when the version was submitted, whether its probabilities hold by the
//! outcomes that came since, how much is known, how many alerts there are where,
//! and whom it misses or alarms.

pub mod command;
pub mod metrics;
mod outcomes;
pub mod text;

use crate::census::{self, Census, SCORE};
use crate::registry::Registry;
use crate::registry::dossier::{Calibration, Share, Subgroup};
use crate::view::View;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tocsin_alerts::lifecycle::{Alert, Status, is_group};
use tocsin_alerts::store::{AlertFilter, Order};
use tokio::runtime::Handle;

/// From this population stability index on a distribution has moved somewhat …
pub const MOVING: f64 = 0.1;
/// … and from this one on so far that the model is to be looked at.
pub const MOVED: f64 = 0.25;
/// Alerts opened within so many days are counted as new.
const NEW_DAYS: i64 = 30;
/// Districts told apart, those with the most alerts; the others are counted
/// together. Metrics have a label for each.
const DISTRICTS: usize = 40;
/// Alerts on a page of the store.
const PAGE: usize = 1_000;

/// How far something has moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The feature; `score`.
    pub name: String,
    /// Its population stability index.
    pub stability: f64,
    /// `steady`, `moving` (from 0.1) or `moved` (from 0.25).
    pub verdict: String,
}

/// What the present is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// As of when the version was measured.
    pub as_of: String,
    /// Enterprises then.
    pub enterprises: u64,
    /// Mean coverage then, 0 to 1.
    pub coverage: f64,
    /// Enterprises by level then.
    pub levels: BTreeMap<String, u64>,
}

/// Alerts of a district.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Open ones.
    pub open: u64,
    /// Opened within the last 30 days of business time.
    pub new: u64,
}

/// What outcomes say of the probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Outcomes that came since the model is in force, of enterprises of which it
    /// had published a score before.
    pub rows: usize,
    /// Whether older ones were left out.
    pub cut: bool,
    /// How many positive ones the probabilities foretold.
    pub expected: f64,
    /// How many there are.
    pub observed: Share,
    /// From the lowest scores to the highest.
    pub calibration: Vec<Calibration>,
    /// All, and by district and sector where there are enough.
    /// Flagged is who stood at yellow or higher.
    pub errors: Vec<Subgroup>,
}

/// How a model does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// As of which epoch.
    pub epoch: u64,
    /// Its business time.
    pub as_of: String,
    /// The version in force.
    pub model: String,
    /// What it is held against; none: it is not in the registry, or was not
    /// measured.
    pub reference: Option<Reference>,
    /// Distributions, the most moved first.
    pub moved: Vec<Moved>,
    /// Enterprises now.
    pub enterprises: u64,
    /// Mean coverage now, 0 to 1.
    pub coverage: f64,
    /// Enterprises by level, by score and gates.
    pub levels: BTreeMap<String, u64>,
    /// Alerts by district.
    pub districts: BTreeMap<String, Volume>,
    /// By sector: enterprises, and those at blue or higher.
    pub sectors: BTreeMap<String, (u64, u64)>,
    /// By outcomes, where any came.
    pub outcomes: Option<Outcomes>,
    /// What this is, and is not.
    pub notice: String,
}

/// Looks at how the model in force does.
///
/// # Errors
/// When there is none, the process is one of several, or something cannot be
/// read.
pub fn report(view: &View, runtime: &Handle) -> Result<Report> {
    let in_force = view.in_force();
    let model = in_force.model_version();
    let model = model.context("there is no model yet: nothing is scored")?;
    if in_force.records.elsewhere().is_some() {
        bail!("in a cluster this is not looked at: workers are in other processes");
    }
    let engine = view.engine().context("the engine has ended")?;
    let status = view.status();
    let then = reference(view, &model)?;
    let shapes = then.as_ref().map(|(_, census)| census.shapes.clone());
    let now = census::begin(&engine, &in_force, &shapes.unwrap_or_default())?.finish()?;
    let moved = then.as_ref().map(|(_, then)| moved(&now, then));
    Ok(Report {
        epoch: status.epoch,
        as_of: crate::time::instant_text(status.time_ms),
        model,
        reference: then.map(|(as_of, census)| Reference {
            as_of,
            enterprises: census.enterprises,
            coverage: census.mean_coverage(),
            levels: census.levels,
        }),
        moved: moved.unwrap_or_default(),
        enterprises: now.enterprises,
        coverage: now.mean_coverage(),
        districts: runtime.block_on(districts(view, status.time_ms))?,
        outcomes: outcomes::since(view, runtime, &in_force)?,
        levels: now.levels,
        sectors: now.sectors,
        notice: tocsin_alerts::DISCLAIMER.to_owned(),
    })
}

/// What the version saw when it was submitted, and when that was.
fn reference(view: &View, model: &str) -> Result<Option<(String, Census)>> {
    let Some(folder) = view.settings().registry.clone() else {
        return Ok(None);
    };
    let registry = Registry::read(&folder).map_err(anyhow::Error::msg)?;
    let Ok(version) = registry.shelf().find(model) else {
        return Ok(None);
    };
    let dossier = registry.dossier(version).map_err(anyhow::Error::msg)?;
    let measured = dossier.measured;
    Ok(measured.map(|measured| (measured.as_of, measured.population)))
}

fn moved(now: &Census, then: &Census) -> Vec<Moved> {
    let verdict = |stability: f64| match stability {
        s if s >= MOVED => "moved",
        s if s >= MOVING => "moving",
        _ => "steady",
    };
    let stability = now.stability(then).into_iter();
    let mut moved: Vec<Moved> = stability
        .map(|(name, stability)| Moved {
            verdict: verdict(stability).to_owned(),
            name,
            stability,
        })
        .collect();
    moved.sort_by(|a, b| {
        let score = |moved: &Moved| moved.name != SCORE;
        (score(a).cmp(&score(b)))
            .then(b.stability.total_cmp(&a.stability))
            .then(a.name.cmp(&b.name))
    });
    moved
}

/// Alerts by district: those that are open, and those opened lately.
async fn districts(view: &View, now_ms: i64) -> Result<BTreeMap<String, Volume>> {
    let since_ms = now_ms - NEW_DAYS * crate::time::DAY_MS;
    let mut all: BTreeMap<String, Volume> = BTreeMap::new();
    for status in [Status::Open, Status::Closed, Status::Retracted] {
        let mut filter = AlertFilter {
            level: None,
            status: Some(status),
            order: Order::Newest,
            after: None,
            limit: PAGE,
        };
        loop {
            let page = view.store.alerts(&filter).await?;
            let of_enterprises = |alert: &&Alert| !is_group(&alert.enterprise);
            for alert in page.alerts.iter().filter(of_enterprises) {
                let district = alert.assessment.district.clone();
                let volume = all.entry(district.unwrap_or_else(|| "unknown".to_owned()));
                let volume = volume.or_default();
                volume.open += u64::from(status == Status::Open);
                volume.new += u64::from(alert.opened_ms > since_ms);
            }
            // What was closed long ago is counted nowhere.
            let last = page.alerts.last();
            let old = last.is_none_or(|alert| alert.opened_ms <= since_ms);
            filter.after = page.next;
            if filter.after.is_none() || (old && status != Status::Open) {
                break;
            }
        }
    }
    all.retain(|_, volume| *volume != Volume::default());
    Ok(largest(all))
}

fn largest(all: BTreeMap<String, Volume>) -> BTreeMap<String, Volume> {
    let mut ranked: Vec<(String, Volume)> = all.into_iter().collect();
    ranked
        .sort_by_key(|(name, volume)| (std::cmp::Reverse(volume.open + volume.new), name.clone()));
    let rest = ranked.split_off(ranked.len().min(DISTRICTS));
    let mut kept: BTreeMap<String, Volume> = ranked.into_iter().collect();
    for (_, volume) in rest {
        let other = kept.entry("other".to_owned()).or_default();
        other.open += volume.open;
        other.new += volume.new;
    }
    kept
}
