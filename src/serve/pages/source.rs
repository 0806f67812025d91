//! `/sources/{agency}/{resource}`: what is declared, what became of the records,
//! and the latest that were refused.

use super::fields::Fields;
use super::sources::SourceRow;
use super::{Failed, Frame, page};
use crate::casework::secrets;
use crate::masking;
use crate::serve::api::unmask::{Raw, raw};
use crate::serve::app::App;
use crate::serve::caller::Caller;
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use crate::serve::words::{filters, say, t};
use crate::serve::{lookup, rejects, text};
use askama::Template;
use axum::extract::State;
use axum::response::Html;
use serde::Deserialize;
use tocsin_alerts::store::StoredReject;
use tocsin_ingest::format::Encoding;
use tocsin_ingest::source::{ColumnKind, Mode, Source};

/// Rejects shown.
const REJECTS: usize = 100;

/// A refused record.
pub(super) struct RejectRow {
    seq: u64,
    place: String,
    record: u64,
    epoch: u64,
    field: String,
    value: String,
    reason: String,
    /// Whether it waits, or since when not.
    state: String,
}

impl RejectRow {
    fn of(source: &Source, stored: &StoredReject) -> RejectRow {
        let reject = &stored.reject;
        RejectRow {
            seq: stored.seq,
            place: format!("{}:{}", reject.file, reject.line),
            record: reject.record,
            epoch: stored.epoch,
            field: reject.field.clone(),
            value: masking::refused_value(source, reject).to_owned(),
            reason: reject.reason.clone(),
            state: match stored.mended {
                None => t("waits to be delivered again").to_owned(),
                Some(epoch) => say("mended in epoch {0}", &[&text::count(epoch)]),
            },
        }
    }
}

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    frame: Frame,
    row: SourceRow,
    facts: Vec<(&'static str, String)>,
    checks: Vec<(String, String)>,
    rejects: Vec<RejectRow>,
    api: String,
    /// For who may see refused records as they came: the id of asking.
    unmask: Option<String>,
    /// The refused record that was asked for, for this request.
    raw: Option<Raw>,
    error: String,
}

/// The page.
pub(in crate::serve) async fn source(
    State(app): State<App>,
    caller: Caller,
    named: Result<Segments<(String, String)>, Problem>,
) -> Result<Html<String>, Failed> {
    let Segments((agency, resource)) = named?;
    shown(&app, &caller, (&agency, &resource), Ok(None)).await
}

/// Which refused record to show, why, and the id of asking so.
#[derive(Deserialize)]
pub(in crate::serve) struct Unmasking {
    seq: u64,
    text: String,
    key: String,
}

/// The page once more, with one refused record as it came.
pub(in crate::serve) async fn unmask(
    State(app): State<App>,
    caller: Caller,
    named: Result<Segments<(String, String)>, Problem>,
    Fields(asked): Fields<Unmasking>,
) -> Result<Html<String>, Failed> {
    let Segments((agency, resource)) = named?;
    let of = (agency.as_str(), resource.as_str());
    let raw = raw(&app, &caller, asked.key, of, asked.seq, asked.text).await;
    shown(&app, &caller, of, raw.map(Some)).await
}

async fn shown(
    app: &App,
    caller: &Caller,
    (agency, resource): (&str, &str),
    raw: Result<Option<Raw>, Problem>,
) -> Result<Html<String>, Failed> {
    let source = lookup::source(app, agency, resource)?;
    let status = app.view.status();
    let stats = status.stats.get(usize::from(source.index));
    let checks = stats.map(|stats| stats.checks.clone()).unwrap_or_default();
    let latest = rejects::latest(&app.view.store, &source.id, REJECTS).await?;
    let row = SourceRow::of(source, &status);
    let may = caller.may_take(app, "POST", "/sources/{agency}/{resource}");
    let (raw, error) = match raw {
        Ok(raw) => (raw, String::new()),
        Err(problem) => (None, problem.detail),
    };
    page(&SourcePage {
        frame: Frame::of(app, caller),
        facts: facts(source),
        checks: checks
            .into_iter()
            .map(|(name, count)| (name, text::count(count)))
            .collect(),
        rejects: latest
            .iter()
            .map(|stored| RejectRow::of(source, stored))
            .collect(),
        api: format!("/api/v1{}", row.path),
        unmask: may.then(secrets::id).transpose().map_err(Problem::from)?,
        raw,
        error,
        row,
    })
}

/// What the declaration says, line by line; what it does not say is left out.
fn facts(source: &Source) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("declared basis", source.basis.clone()),
        ("declared files", source.pattern.clone()),
        (
            "declared format",
            format!("CSV · {}", encoding(source.encoding)),
        ),
        ("declared mode", mode(source.mode).to_owned()),
        ("declared key", named(source, source.key.iter().copied())),
        (
            "declared enterprise by",
            named(source, source.enterprise.iter().map(|(_, c)| *c)),
        ),
        ("declared signals", signals(source)),
        (
            "declared attributes",
            list(source.attributes.iter().map(|a| a.name.clone())),
        ),
        (
            "declared links",
            if source.links.is_empty() {
                String::new()
            } else {
                source.links.len().to_string()
            },
        ),
        ("declared freshness", freshness(source)),
        ("declared columns", columns(source)),
    ];
    if source.registers {
        facts.push((
            "declared registers",
            t("its records bring enterprises into being").into(),
        ));
    }
    if source.outcome.is_some() {
        facts.push(("declared outcomes", t("its records are outcomes").into()));
    }
    for (name, text) in &source.notes {
        facts.push((note(name), text.clone()));
    }
    facts.retain(|(_, text)| !text.is_empty());
    facts
}

fn note(name: &str) -> &'static str {
    match name {
        "purpose" => "declared purpose",
        "owner" => "declared owner",
        "sensitivity" => "declared sensitivity",
        "expires" => "declared expires",
        _ => "declared note",
    }
}

fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Gb18030 => "GB18030",
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Append => "append",
        Mode::Upsert => "upsert",
        Mode::Snapshot => "snapshot",
    }
}

fn list(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

fn named(source: &Source, columns: impl Iterator<Item = usize>) -> String {
    list(
        columns
            .filter_map(|column| source.columns.get(column))
            .map(|column| column.name.clone()),
    )
}

fn signals(source: &Source) -> String {
    list(
        source
            .signals
            .iter()
            .map(|signal| match signal.window_days {
                Some(days) => format!("{} ({days} d)", signal.kind),
                None => signal.kind.clone(),
            }),
    )
}

fn freshness(source: &Source) -> String {
    let days = |what: &str, days: Option<i32>| days.map(|days| format!("{what} {days} d"));
    let declared = source.freshness;
    let both = [
        days(t("late"), declared.warn_days),
        days(t("dead"), declared.error_days),
    ];
    list(both.into_iter().flatten())
}

fn columns(source: &Source) -> String {
    list(source.columns.iter().map(|column| {
        let required = if column.required { " *" } else { "" };
        format!("{} {}{required}", column.name, kind(column.kind))
    }))
}

fn kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Integer => "integer",
        ColumnKind::Number => "number",
        ColumnKind::Money(_) => "money",
        ColumnKind::Date => "date",
        ColumnKind::Uscc => "uscc",
        ColumnKind::Boolean => "boolean",
    }
}
