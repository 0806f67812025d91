//! `audit` and `audit/verify`: the log of everything that was done.

use crate::serve::app::App;
use crate::serve::params::{self, Nothing, Params};
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::time::{instant_text, midnight_ms};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tocsin_alerts::casework::Action;
use tocsin_alerts::casework::fold::case_subject;
use tocsin_alerts::docket::{DeedFilter, Entry};

/// The parameters of a list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Query {
    after: Option<u64>,
    /// Of the newest first: those before this line.
    before: Option<u64>,
    /// `yes`: the last first.
    pub(in crate::serve) newest: String,
    pub(in crate::serve) who: String,
    /// A case's id: the same as `subject=case/…`.
    pub(in crate::serve) case: String,
    pub(in crate::serve) subject: String,
    pub(in crate::serve) kind: String,
    /// The first day.
    pub(in crate::serve) from: String,
    /// The last day.
    pub(in crate::serve) until: String,
    /// Of the page: `yes` follows the whole chain, too.
    pub(in crate::serve) verify: String,
    pub(in crate::serve) limit: Option<usize>,
}

impl Query {
    /// The page with the lines before one.
    pub(in crate::serve) fn path(&self, before: u64) -> String {
        let fields = [
            ("who", &self.who),
            ("case", &self.case),
            ("subject", &self.subject),
            ("kind", &self.kind),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let given = fields.into_iter().filter(|(_, text)| !text.is_empty());
        let given = given.map(|(name, text)| format!("{name}={}&", text::segment(text)));
        format!("/audit?{}before={before}", given.collect::<String>())
    }
}

/// Which lines are meant.
pub(in crate::serve) fn filter(query: &Query) -> Result<DeedFilter, Problem> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let day = |what: &str, text: &str| match text {
        "" => Ok(None),
        text => crate::time::parse_day(text)
            .map(Some)
            .map_err(|fault| Problem::bad_request(format!("{what}: {fault}"))),
    };
    let newest = params::yes_or_no("newest", &query.newest)?.unwrap_or(false);
    let of_case = given(&query.case).map(|id| case_subject(&id));
    Ok(DeedFilter {
        after: query.after.unwrap_or(0),
        who: given(&query.who),
        subject: of_case.or(given(&query.subject)),
        kind: given(&query.kind),
        from_ms: day("from", &query.from)?.map(midnight_ms),
        until_ms: day("until", &query.until)?.map(|day| midnight_ms(day + 1)),
        newest: newest.then_some(query.before),
        limit: params::limit(query.limit)?,
        ..DeedFilter::default()
    })
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
    let filter = filter(&query)?;
    let limit = filter.limit;
    let entries = app.desk()?.docket.deeds(&filter).await?;
    let next = entries.last().filter(|_| entries.len() == limit);
    let next = next.map(|entry| entry.deed.seq);
    let lines = entries.into_iter().map(Line::from).collect();
    Ok(Json(Page { lines, next }))
}

/// What following the log found.
#[derive(Serialize)]
pub(in crate::serve) struct Verdict {
    pub(in crate::serve) whole: bool,
    pub(in crate::serve) lines: u64,
    pub(in crate::serve) head: String,
    rows: usize,
    pub(in crate::serve) broken: Vec<String>,
}

/// Follows the log from its first line.
pub(in crate::serve) async fn verify(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<Verdict>, Problem> {
    verdict(&app).await.map(Json)
}

/// Follows the log from its first line.
pub(in crate::serve) async fn verdict(app: &App) -> Result<Verdict, Problem> {
    let _place = app.survey_place()?;
    let found = app.desk()?.docket.verify(None).await?;
    Ok(Verdict {
        whole: found.broken.is_empty(),
        lines: found.lines,
        head: found.head,
        rows: found.rows,
        broken: found.broken.iter().map(ToString::to_string).collect(),
    })
}
