//! Explanations of past instants, and of the difference of two.

use super::change::{Change, between};
use super::past::Past;
use super::{Attribution, By, Explanation, Keys, explain_as_of};
use crate::view::View;
use anyhow::{Context, Result, bail};
use tocsin_ingest::fact::SubjectKey;
use tokio::runtime::Handle;

/// Explains a past instant by the model in force now. Which sources were silent
/// then is not known: confidence is coverage.
///
/// # Errors
/// When there was no epoch yet, or the landing cannot be read.
pub fn explain_at(
    view: &View,
    runtime: &Handle,
    enterprise: SubjectKey,
    at_ms: i64,
    (clearance, attribution): (u8, Attribution),
) -> Result<Option<Explanation>> {
    let in_force = view.in_force();
    let Some(by) = in_force.by(clearance) else {
        return Ok(None);
    };
    let by = By { attribution, ..by };
    let records = &in_force.records;
    let past = Past::of(records, &view.store, runtime, at_ms)?;
    let found = explain_as_of(records, by, enterprise, &view.status(), Some(&past))?;
    Ok(found.map(|(explanation, _)| explanation))
}

/// What made the difference since an earlier instant, until `at_ms` or now.
///
/// # Errors
/// When the enterprise was not registered at one of them, the instants are in the
/// wrong order, or something cannot be read.
pub fn change(
    view: &View,
    runtime: &Handle,
    enterprise: SubjectKey,
    since_ms: i64,
    at_ms: Option<i64>,
    clearance: u8,
) -> Result<Change> {
    let in_force = view.in_force();
    let by = in_force
        .by(clearance)
        .context("there is no model yet: nothing is scored")?;
    let (records, status) = (&in_force.records, view.status());
    let text = crate::time::instant_text;
    if since_ms >= at_ms.unwrap_or(status.time_ms) {
        bail!(
            "`since`, {}, must be before `at`, {}",
            text(since_ms),
            text(at_ms.unwrap_or(status.time_ms))
        );
    }
    let of = |ms: i64| Past::of(records, &view.store, runtime, ms);
    let then = of(since_ms)?;
    let now = at_ms.map(of).transpose()?;
    let explained = |past: Option<&Past>| -> Result<(Explanation, Keys)> {
        let time_ms = past.map_or(status.time_ms, |past| past.time_ms);
        let found = explain_as_of(records, by, enterprise, &status, past)?;
        found.with_context(|| format!("the enterprise had no score at {}", text(time_ms)))
    };
    let (earlier, _) = explained(Some(&then))?;
    let (later, keys) = explained(now.as_ref())?;
    let key = enterprise.0.to_be_bytes();
    let lines = crate::history::of_enterprise(&view.data, &view.store, key);
    let history = runtime.block_on(lines)?;
    let hidden = crate::clearance::restricted(&records.settings, clearance) > 0;
    let published = |epoch: u64| {
        // What was published has everything in it.
        if hidden {
            return None;
        }
        let mut lines = history.iter().rev();
        let line = lines.find(|line| line.epoch <= epoch);
        line.filter(|line| line.index > 0).map(|line| line.log_odds)
    };
    Ok(between(
        (&earlier, &then, published(earlier.epoch)),
        (&later, &keys, published(later.epoch)),
    ))
}
