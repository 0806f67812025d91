//! `audit` and `audit/verify`: the log of everything that was done.

use crate::serve::app::App;
use crate::serve::params::{self, Nothing, Params};
use crate::serve::problem::Problem;
use crate::time::instant_text;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tocsin_alerts::casework::Action;
use tocsin_alerts::docket::{DeedFilter, Entry};

/// The parameters of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Query {
    after: Option<u64>,
    who: Option<String>,
    subject: Option<String>,
    kind: Option<String>,
    limit: Option<usize>,
}

/// A line of the log.
#[derive(Serialize)]
pub(in crate::serve) struct Line {
    seq: u64,
    time: String,
    who: String,
    role: String,
    purpose: String,
    subject: String,
    kind: String,
    action: Action,
    key: String,
    previous: String,
    hash: String,
}

impl From<Entry> for Line {
    fn from(entry: Entry) -> Line {
        let deed = entry.deed;
        Line {
            seq: deed.seq,
            time: instant_text(deed.time_ms),
            who: deed.who.name(),
            role: deed.role,
            purpose: deed.purpose,
            subject: deed.subject,
            kind: deed.action.kind(),
            action: deed.action,
            key: deed.key,
            previous: entry.previous,
            hash: entry.hash,
        }
    }
}

#[derive(Serialize)]
pub(in crate::serve) struct Page {
    lines: Vec<Line>,
    /// Give it as `after` for the next page; null on the last.
    next: Option<u64>,
}

/// Lines, in order.
pub(in crate::serve) async fn list(
    State(app): State<App>,
    Params(query): Params<Query>,
) -> Result<Json<Page>, Problem> {
    let limit = params::limit(query.limit)?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = DeedFilter {
        after: query.after.unwrap_or(0),
        who: given(query.who),
        subject: given(query.subject),
        kind: given(query.kind),
        limit,
        ..DeedFilter::default()
    };
    let entries = app.desk()?.docket.deeds(&filter).await?;
    let next = entries.last().filter(|_| entries.len() == limit);
    let next = next.map(|entry| entry.deed.seq);
    let lines = entries.into_iter().map(Line::from).collect();
    Ok(Json(Page { lines, next }))
}

/// What following the log found.
#[derive(Serialize)]
pub(in crate::serve) struct Verdict {
    whole: bool,
    lines: u64,
    head: String,
    rows: usize,
    broken: Vec<String>,
}

/// Follows the log from its first line.
pub(in crate::serve) async fn verify(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Verdict>, Problem> {
    let _place = app.survey_place()?;
    let found = app.desk()?.docket.verify(None).await?;
    Ok(Json(Verdict {
        whole: found.broken.is_empty(),
        lines: found.lines,
        head: found.head,
        rows: found.rows,
        broken: found.broken.iter().map(ToString::to_string).collect(),
    }))
}
