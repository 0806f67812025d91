//! What both the API and the pages look up: enterprises, their scores, why.

use super::app::App;
use super::problem::Problem;
use crate::explain::change::Change;
use crate::explain::group::{Ring, ring as ring_of};
use crate::explain::{Attribution, Explanation, find_enterprise};
use crate::history;
use crate::pipeline::records::Identity;
use std::sync::Arc;
use std::time::Duration;
use tocsin_alerts::store::HistoryRow;
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::source::Source;

/// Longer texts are no identifier and no name.
const MAX_QUERY_BYTES: usize = 600;
/// How often an explanation is tried again while an epoch is under way.
const ATTEMPTS: usize = 4;
/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(50);

/// An explanation beside what the engine published.
pub(super) struct Explained {
    /// Why.
    pub(super) explanation: Explanation,
    /// The score's past, the oldest first.
    pub(super) history: Vec<HistoryRow>,
    /// Whether the explanation's score is the one last published. It is not
    /// only while an epoch is under way.
    pub(super) agrees: bool,
}

/// The enterprise that a text means.
pub(super) async fn enterprise(app: &App, text: &str) -> Result<SubjectKey, Problem> {
    let not_found = || {
        Problem::not_found(format!(
            "enterprise `{text}` is unknown: allowed are a credit code, an old number, an \
             identifier, or a name that means only one"
        ))
    };
    if text.trim().is_empty() || text.len() > MAX_QUERY_BYTES {
        return Err(not_found());
    }
    let asked = text.to_owned();
    let found = app.blocking(move |view| find_enterprise(&view.records(), &asked));
    found.await?.ok_or_else(not_found)
}

/// Who an enterprise is.
pub(super) async fn identity(app: &App, key: SubjectKey) -> Result<Identity, Problem> {
    app.blocking(move |view| view.records().identity(key)).await
}

/// The past of an enterprise's score, the oldest first.
pub(super) async fn history(app: &App, key: SubjectKey) -> Result<Vec<HistoryRow>, Problem> {
    let runtime = tokio::runtime::Handle::current();
    let read = app.blocking(move |view| {
        let bytes = key.0.to_be_bytes();
        runtime.block_on(history::of_enterprise(&view.data, &view.store, bytes))
    });
    read.await
}

/// Why an enterprise has its score. The records are read while the pipeline
/// writes: where they are ahead of the last finished epoch, it is tried again.
pub(super) async fn explanation(
    app: &App,
    key: SubjectKey,
    clearance: u8,
) -> Result<Explained, Problem> {
    explanation_by(app, key, (clearance, Attribution::Deciding)).await
}

/// As [`explanation`], saying of each feature what is asked for.
pub(super) async fn explanation_by(
    app: &App,
    key: SubjectKey,
    reading: (u8, Attribution),
) -> Result<Explained, Problem> {
    let mut attempt = 1;
    loop {
        let explanation = explain_once(app, key, reading).await?;
        let history = history(app, key).await?;
        let published = history.last();
        let partial = explanation.restricted > 0;
        let agrees = partial || published.is_some_and(|row| row.log_odds == explanation.log_odds);
        if agrees || attempt == ATTEMPTS {
            return Ok(Explained {
                explanation,
                // What is published rests on every source.
                history: if partial { Vec::new() } else { history },
                agrees,
            });
        }
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Why an enterprise had its score at a past instant, by the model in force now.
pub(super) async fn explanation_at(
    app: &App,
    key: SubjectKey,
    at_ms: i64,
    reading: (u8, Attribution),
) -> Result<Explanation, Problem> {
    let runtime = tokio::runtime::Handle::current();
    let found = app.blocking(move |view| {
        Ok(
            crate::explain::explain_at(view, &runtime, key, at_ms, reading)
                .map_err(|e| format!("{e:#}")),
        )
    });
    let found = found.await?.map_err(Problem::bad_request)?;
    found.ok_or_else(|| Problem::not_found("this enterprise had no score then"))
}

/// What changed between two instants, the second being now where it is absent.
pub(super) async fn change(
    app: &App,
    key: SubjectKey,
    since_ms: i64,
    at_ms: Option<i64>,
    clearance: u8,
) -> Result<Change, Problem> {
    let runtime = tokio::runtime::Handle::current();
    let found = app.blocking(move |view| {
        let change = crate::explain::change(view, &runtime, key, since_ms, at_ms, clearance);
        Ok(change.map_err(|error| format!("{error:#}")))
    });
    found.await?.map_err(Problem::bad_request)
}

async fn explain_once(
    app: &App,
    key: SubjectKey,
    reading: (u8, Attribution),
) -> Result<Explanation, Problem> {
    let in_force = app.view.in_force();
    if in_force.model.is_none() {
        return Err(Problem::unavailable(
            "no model is in force yet: nothing is scored",
        ));
    }
    let status = app.view.status();
    let explained = app.blocking(move |_| in_force.explain_by(key, &status, reading));
    explained.await?.ok_or_else(|| {
        let detail = "no registering source names this enterprise: it is not scored";
        Problem::not_found(detail)
    })
}

/// The group that an enterprise belongs to, by its members' records.
pub(super) async fn ring(app: &App, key: SubjectKey) -> Result<Option<Ring>, Problem> {
    let Some((_, group)) = app.view.groups.of(key) else {
        return Ok(None);
    };
    let Some(model) = app.view.model() else {
        let detail = "no model is in force yet: nothing is scored";
        return Err(Problem::unavailable(detail));
    };
    let time_ms = app.view.status().time_ms;
    let ring = app.blocking(move |view| ring_of(&view.records(), &model, &group.members, time_ms));
    Ok(Some(ring.await?))
}

/// The source `<agency>/<resource>`.
pub(super) fn source<'a>(
    app: &'a App,
    agency: &str,
    resource: &str,
) -> Result<&'a Source, Problem> {
    let id = format!("{agency}/{resource}");
    let found = app.view.catalogue.source(&id);
    found.ok_or_else(|| {
        Problem::not_found(format!(
            "source `{id}` is not declared; /api/v1/sources lists all"
        ))
    })
}

/// The names of the agencies that bits stand for.
pub(super) fn agencies(app: &App, bits: u64) -> Vec<String> {
    let names = app.view.catalogue.agencies();
    let named = names
        .iter()
        .enumerate()
        .filter(|(place, _)| bits >> place & 1 == 1);
    named.map(|(_, name)| name.clone()).collect()
}

/// The store, for those who keep it longer than a borrow.
pub(super) fn store(app: &App) -> Arc<tocsin_alerts::Store> {
    Arc::clone(&app.view.store)
}
