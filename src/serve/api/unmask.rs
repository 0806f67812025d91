//! `enterprises/{id}/unmask` and `sources/…/rejects/{seq}/unmask`: what a mark
//! stands for, one at a time. Who wants to know, and why, is a line of the log
//! before the answer is given; the answer is for that request alone.

use super::body::{self, Json};
use crate::clearance;
use crate::explain::reveal;
use crate::serve::app::App;
use crate::serve::caller::{Caller, IdempotencyKey};
use crate::serve::lookup;
use crate::serve::params::Segments;
use crate::serve::problem::Problem;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tocsin_alerts::casework::Action;
use tocsin_alerts::casework::rule::check_text;
use tocsin_alerts::docket::Intent;
use tocsin_alerts::store::RejectRow;

/// Which subject, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Wanted {
    /// The mark as it is shown: `account 1f3a9c02`.
    pub(in crate::serve) subject: String,
    pub(in crate::serve) text: String,
}

/// What a mark stands for.
#[derive(Debug, Clone, Serialize)]
pub(in crate::serve) struct Unmasked {
    pub(in crate::serve) subject: String,
    /// As records write it; several where they differ.
    pub(in crate::serve) values: Vec<String>,
    /// The line of the log that says who was shown it.
    pub(in crate::serve) line: u64,
}

/// What a mark on an enterprise's page stands for.
pub(in crate::serve) async fn enterprise(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Segments(id): Segments<String>,
    Json(wanted): Json<Wanted>,
) -> Result<axum::Json<Unmasked>, Problem> {
    unmask(&app, &caller, key, &id, wanted)
        .await
        .map(axum::Json)
}

/// Looks up what a mark stands for around an enterprise, and shows it once the log
/// has a line of it.
pub(in crate::serve) async fn unmask(
    app: &App,
    caller: &Caller,
    key: String,
    id: &str,
    wanted: Wanted,
) -> Result<Unmasked, Problem> {
    let enterprise = lookup::enterprise(app, id).await?;
    let identity = lookup::identity(app, enterprise).await?;
    caller.check_scope(identity.district.as_deref())?;
    // Before anything is looked for: what is refused says nothing of what is there.
    check_text("unmask", &wanted.text, true)?;
    let (mark, clearance) = (wanted.subject.clone(), caller.clearance());
    let found = app.blocking(move |view| {
        let time_ms = view.status().time_ms;
        reveal(&view.records(), enterprise, &mark, time_ms, clearance)
    });
    let values = found.await?;
    if values.is_empty() {
        return Err(Problem::not_found(format!(
            "no record that you may see speaks of `{}` here: send a mark as it is shown, such as `account 1f3a9c02`",
            wanted.subject
        )));
    }
    let subject = format!("enterprise/{}", identity.id);
    let line = tell(app, caller, key, subject, &wanted).await?;
    Ok(Unmasked {
        subject: wanted.subject,
        values,
        line,
    })
}

/// Why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Why {
    text: String,
}

/// A refused record as it came.
#[derive(Debug, Clone, Serialize)]
pub(in crate::serve) struct Raw {
    pub(in crate::serve) seq: u64,
    pub(in crate::serve) field: String,
    pub(in crate::serve) value: String,
    pub(in crate::serve) raw: String,
    /// The line of the log that says who was shown it.
    pub(in crate::serve) line: u64,
}

/// A refused record as it came.
pub(in crate::serve) async fn reject(
    State(app): State<App>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Segments((agency, resource, seq)): Segments<(String, String, u64)>,
    Json(why): Json<Why>,
) -> Result<axum::Json<Raw>, Problem> {
    raw(&app, &caller, key, (&agency, &resource), seq, why.text)
        .await
        .map(axum::Json)
}

/// A refused record as it came, once the log has a line of it.
pub(in crate::serve) async fn raw(
    app: &App,
    caller: &Caller,
    key: String,
    (agency, resource): (&str, &str),
    seq: u64,
    text: String,
) -> Result<Raw, Problem> {
    let source = lookup::source(app, agency, resource)?;
    check_text("unmask", &text, true)?;
    let before = seq.saturating_sub(1);
    let found = app.view.store.rejects(Some(&source.id), before, 1).await?;
    let found = found.into_iter().find(|found| found.seq == seq);
    // Its source may be above their clearance, though the page as a whole is not.
    let found = found.filter(|_| clearance::sensitivity(source) <= caller.clearance());
    let found = found.ok_or_else(|| {
        Problem::not_found(format!(
            "source `{}` has no refused record {seq}",
            source.id
        ))
    })?;
    let wanted = Wanted {
        subject: format!("reject {seq}"),
        text,
    };
    let line = tell(app, caller, key, format!("source/{}", source.id), &wanted).await?;
    let RejectRow {
        field, value, raw, ..
    } = found.reject;
    Ok(Raw {
        seq,
        field,
        value,
        raw,
        line,
    })
}

/// The line in the log, before anything is shown. A key that was used shows nothing
/// again: it would be a second look under one line.
async fn tell(
    app: &App,
    caller: &Caller,
    key: String,
    subject: String,
    wanted: &Wanted,
) -> Result<u64, Problem> {
    let desk = app.desk()?;
    let intent = Intent {
        subject,
        role: caller.role.map_or("", |role| role.name()).to_owned(),
        action: Action::Unmask {
            what: wanted.subject.clone(),
            text: wanted.text.clone(),
        },
        ..body::intent(desk, caller, key)?
    };
    let done = desk.docket.act(intent).await?;
    match done.repeated {
        false => Ok(done.seq),
        true => Err(Problem::conflict(
            "this was shown once under this key: ask again, with another key, and say why",
        )),
    }
}
