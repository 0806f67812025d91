//! `GET sources`, `GET sources/{agency}/{resource}` and its `rejects`.

use crate::config::Names;
use crate::freshness;
use crate::masking;
use crate::pipeline::stats::SourceStats;
use crate::serve::app::App;
use crate::serve::lookup;
use crate::serve::params::{self, Nothing, Params, Segments};
use crate::serve::problem::Problem;
use crate::time::instant_text;
use crate::view::Status;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tocsin_alerts::store::StoredReject;
use tocsin_ingest::source::Source;

#[derive(Serialize)]
pub(in crate::serve) struct Sources {
    epoch: u64,
    time: String,
    sources: Vec<Body>,
}

/// A source and what became of its records.
#[derive(Serialize)]
pub(in crate::serve) struct Body {
    id: String,
    agency: String,
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agency_en: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_en: Option<String>,
    basis: String,
    registers: bool,
    freshness: Freshness,
    read: u64,
    accepted: u64,
    duplicates: u64,
    corrected: u64,
    withdrawn: u64,
    normalised: u64,
    /// All that were ever refused.
    rejected: u64,
    /// Of them those that came again and were accepted.
    mended: u64,
    rejected_by_reason: BTreeMap<String, u64>,
    checks: BTreeMap<String, u64>,
    /// Live records that name a registered enterprise.
    matched: i64,
    /// Live records that wait for the alias by which they name an enterprise.
    waiting: Waiting,
    error: Option<String>,
}

#[derive(Serialize)]
struct Waiting {
    /// Nobody is known to bear it on their day.
    unknown: i64,
    /// Several enterprises bear it.
    ambiguous: i64,
}

#[derive(Serialize)]
struct Freshness {
    state: &'static str,
    /// Business time; null: never.
    last_arrival: Option<String>,
    warn_days: Option<i32>,
    error_days: Option<i32>,
}

/// The parameters of a list of rejects.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Query {
    after: Option<u64>,
    limit: Option<usize>,
    /// Those alone that wait to be delivered again.
    #[serde(default)]
    waiting: bool,
}

#[derive(Serialize)]
pub(in crate::serve) struct Rejects {
    rejects: Vec<Reject>,
    /// Give it as `after` for the next page; null on the last.
    next: Option<u64>,
}

#[derive(Serialize)]
struct Reject {
    seq: u64,
    epoch: u64,
    /// The epoch in which a record of its key was accepted since; null: it waits.
    mended: Option<u64>,
    file: String,
    record: u64,
    line: u64,
    byte: u64,
    field: String,
    value: String,
    reason: String,
    /// The record as it came; null where its source speaks of persons: `…/unmask`
    /// shows it for a reason.
    raw: Option<String>,
}

/// Every source.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Json<Sources> {
    let (status, settings) = (app.view.status(), app.view.settings());
    let sources = app.view.catalogue.sources().iter();
    Json(Sources {
        epoch: status.epoch,
        time: instant_text(status.time_ms),
        sources: sources
            .map(|source| body(source, &status, &settings.names))
            .collect(),
    })
}

/// One source.
pub(in crate::serve) async fn one(
    State(app): State<App>,
    Segments((agency, resource)): Segments<(String, String)>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Body>, Problem> {
    let source = lookup::source(&app, &agency, &resource)?;
    let names = &app.view.settings().names;
    Ok(Json(body(source, &app.view.status(), names)))
}

/// A source's refused records, the oldest first.
pub(in crate::serve) async fn rejects(
    State(app): State<App>,
    Segments((agency, resource)): Segments<(String, String)>,
    Params(query): Params<Query>,
) -> Result<Json<Rejects>, Problem> {
    let source = lookup::source(&app, &agency, &resource)?;
    let limit = params::limit(query.limit)?;
    let after = query.after.unwrap_or(0);
    let store = &app.view.store;
    let found = match query.waiting {
        true => {
            store
                .waiting_rejects(Some(&source.id), after, limit)
                .await?
        }
        false => store.rejects(Some(&source.id), after, limit).await?,
    };
    let next = found
        .last()
        .filter(|_| found.len() == limit)
        .map(|last| last.seq);
    let rejects = found.into_iter().map(|stored| reject(source, stored));
    let rejects = rejects.collect();
    Ok(Json(Rejects { rejects, next }))
}

fn body(source: &Source, status: &Status, names: &Names) -> Body {
    let place = usize::from(source.index);
    let stats = status.stats.get(place).cloned().unwrap_or_default();
    let rejected = stats.rejected_total();
    Body {
        id: source.id.clone(),
        agency: source.agency.clone(),
        resource: source.resource.clone(),
        agency_en: names.english(&source.agency),
        resource_en: source.resource_en.clone(),
        basis: source.basis.clone(),
        registers: source.registers,
        freshness: Freshness::of(source, &stats, status.time_ms),
        read: stats.read,
        accepted: stats.accepted,
        duplicates: stats.duplicates,
        corrected: stats.corrected,
        withdrawn: stats.withdrawn,
        normalised: stats.normalised,
        rejected,
        mended: stats.mended,
        rejected_by_reason: stats.rejected,
        checks: stats.checks,
        matched: status.matched.get(place).copied().unwrap_or(0),
        waiting: Waiting {
            unknown: status.unknown.get(place).copied().unwrap_or(0),
            ambiguous: status.ambiguous.get(place).copied().unwrap_or(0),
        },
        error: stats.error,
    }
}

impl Freshness {
    fn of(source: &Source, stats: &SourceStats, now_ms: i64) -> Freshness {
        let last = stats.last_arrival_ms;
        Freshness {
            state: freshness::State::of(source.freshness, stats, now_ms).name(),
            last_arrival: (last != 0).then(|| instant_text(last)),
            warn_days: source.freshness.warn_days,
            error_days: source.freshness.error_days,
        }
    }
}

fn reject(source: &Source, stored: StoredReject) -> Reject {
    let value = masking::refused_value(source, &stored.reject).to_owned();
    let reject = stored.reject;
    Reject {
        seq: stored.seq,
        epoch: stored.epoch,
        mended: stored.mended,
        file: reject.file,
        record: reject.record,
        line: reject.line,
        byte: reject.byte,
        field: reject.field,
        value,
        reason: reject.reason,
        raw: (!masking::speaks_of_persons(source)).then_some(reject.raw),
    }
}
