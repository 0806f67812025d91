//! `/audit`: the log of everything that was done or looked at, the last first, and
//! whether it is whole.

use crate::serve::api::audit::{Query, filter, verdict};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::pages::{Failed, Frame, page};
use crate::serve::params::Params;
use crate::serve::problem::Problem;
use crate::serve::text;
use crate::serve::words::{either, filters};
use askama::Template;
use axum::extract::State;
use axum::response::Html;
use tocsin_alerts::casework::Role;
use tocsin_alerts::docket::Entry;

/// Lines a page.
const LINES: usize = 100;

/// One line.
struct Row {
    seq: u64,
    time: String,
    who: String,
    role: String,
    kind: String,
    subject: String,
    said: String,
    purpose: String,
    hash: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    query: Query,
    rows: Vec<Row>,
    next: String,
    /// Whether the log was followed just now, is whole, and what is broken.
    verdict: Option<(bool, u64, String, Vec<String>)>,
}

/// The page.
pub(in crate::serve) async fn audit(
    State(app): State<App>,
    caller: Caller,
    query: Result<Params<Query>, Problem>,
) -> Result<Html<String>, Failed> {
    let Params(mut query) = query?;
    query.limit = Some(LINES);
    query.newest = "yes".to_owned();
    let filter = filter(&query)?;
    let desk = app.desk()?;
    let entries = desk.docket.deeds(&filter).await.map_err(Problem::from)?;
    let full = entries.len() == LINES;
    let last = entries.last().filter(|_| full).map(|last| last.deed.seq);
    let verdict = match query.verify.as_str() {
        "yes" => {
            let found = verdict(&app).await?;
            Some((found.whole, found.lines, found.head, found.broken))
        }
        _ => None,
    };
    page(&AuditPage {
        frame: Frame::of(&app, &caller),
        next: last.map_or_else(String::new, |before| query.path(before)),
        rows: entries.into_iter().map(row).collect(),
        verdict,
        query,
    })
}

fn row(entry: Entry) -> Row {
    let deed = entry.deed;
    let role = deed.role.parse::<Role>();
    Row {
        seq: deed.seq,
        time: text::clock(deed.time_ms),
        who: deed.who.name(),
        role: role.map_or_else(
            |_| String::new(),
            |role| either(role.chinese(), role.name()).to_owned(),
        ),
        kind: deed.action.kind(),
        said: deed.action.said(),
        subject: deed.subject,
        purpose: deed.purpose,
        hash: entry.hash.get(..12).unwrap_or_default().to_owned(),
    }
}
