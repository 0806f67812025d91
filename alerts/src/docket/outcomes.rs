//! How many cases ended how, counted where it changes: in the transaction of the deed
//! that says so. Whoever asks reads a few counts, not every case that ever ended.
//!
//! A case is counted once, under all the districts that it concerns together, so a
//! reader of two of them does not count it twice.

use super::conditions::Conditions;
use super::load::{Value, listed, read};
use super::{Docket, DocketError};
use crate::casework::retention::Expired;
use crate::casework::{Case, Outcome, Reason};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Any, Row, Transaction};
use std::collections::BTreeMap;

/// So many cases ended so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// Why the alert was unfounded, if it was.
    pub reason: Option<Reason>,
    /// How many cases, never 0.
    pub cases: u64,
}

/// What a case is counted under: `|a|b|`, the outcome, the reason or nothing.
pub(super) type Under = [String; 3];

/// The counts that follow from cases.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<Under, i64>);

impl Counts {
    pub(super) fn add(&mut self, under: Option<Under>) {
        if let Some(under) = under {
            *self.0.entry(under).or_default() += 1;
        }
    }

    /// As verification names and compares them.
    pub(super) fn rows(self) -> impl Iterator<Item = (String, Vec<Value>)> {
        self.0.into_iter().map(|(under, cases)| row(&under, cases))
    }
}

fn row(under: &Under, cases: i64) -> (String, Vec<Value>) {
    let place = format!("outcomes `{}`", under.join(" "));
    (place, vec![Value::Number(cases)])
}

/// What a case is counted under; `None`: it has not ended with an outcome.
pub(super) fn under(case: &Case) -> Option<Under> {
    let label = case.label.as_ref()?;
    Some(under_label(case.districts(), label.outcome, label.reason))
}

/// The same of what is left of a case: how it ended is counted for ever.
pub(super) fn under_expired(expired: &Expired) -> Option<Under> {
    let districts = expired.districts.iter().map(String::as_str);
    Some(under_label(districts, expired.outcome?, expired.reason))
}

fn under_label<'a>(
    districts: impl Iterator<Item = &'a str>,
    outcome: Outcome,
    reason: Option<Reason>,
) -> Under {
    let mut districts: Vec<&str> = districts.collect();
    districts.sort_unstable();
    districts.dedup();
    let reason = reason.map(|reason| word(&reason)).unwrap_or_default();
    [listed(districts.into_iter()), word(&outcome), reason]
}

/// The word that JSON has for an outcome or a reason.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn of_word<T: DeserializeOwned>(word: &str) -> Result<T, DocketError> {
    let value = serde_json::Value::from(word);
    serde_json::from_value(value).map_err(|fault| DocketError::corrupt("outcomes", fault))
}

/// Counts a case under what it is now instead of what it was before.
pub(super) async fn recount(
    transaction: &mut Transaction<'_, Any>,
    before: Option<Under>,
    after: Option<Under>,
) -> Result<(), DocketError> {
    if before == after {
        return Ok(());
    }
    if let Some(under) = before {
        add(transaction, under, -1).await?;
        let sql = "DELETE FROM outcomes WHERE cases = 0";
        sqlx::query(sql).execute(&mut **transaction).await?;
    }
    if let Some(under) = after {
        add(transaction, under, 1).await?;
    }
    Ok(())
}

async fn add(
    transaction: &mut Transaction<'_, Any>,
    [districts, outcome, reason]: Under,
    cases: i64,
) -> Result<(), DocketError> {
    let sql = "INSERT INTO outcomes (districts, outcome, reason, cases) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (districts, outcome, reason) DO UPDATE SET cases = outcomes.cases + excluded.cases";
    let query = sqlx::query(sql).bind(districts).bind(outcome).bind(reason);
    query.bind(cases).execute(&mut **transaction).await?;
    Ok(())
}

/// Counts anew, from the cases: those of a store that was written before they were
/// counted.
pub(super) async fn count_all(transaction: &mut Transaction<'_, Any>) -> Result<(), DocketError> {
    let sql = "SELECT body FROM cases WHERE open = 0";
    let bodies: Vec<String> = sqlx::query_scalar(sql)
        .fetch_all(&mut **transaction)
        .await?;
    let mut counts = Counts::default();
    for body in bodies {
        counts.add(under(&read("cases", &body)?));
    }
    for (under, cases) in counts.0 {
        add(transaction, under, cases).await?;
    }
    Ok(())
}

/// The counts that are kept, as verification compares them.
pub(super) async fn kept(
    transaction: &mut Transaction<'_, Any>,
) -> Result<Vec<(String, Vec<Value>)>, DocketError> {
    let sql = "SELECT districts, outcome, reason, cases FROM outcomes";
    let rows: Vec<(String, String, String, i64)> =
        sqlx::query_as(sql).fetch_all(&mut **transaction).await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(districts, outcome, reason, cases)| row(&[districts, outcome, reason], cases))
        .collect())
}

impl Docket {
    /// How many cases ended how, of one of the districts, or of all where none is
    /// given.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn outcomes(&self, districts: &[String]) -> Result<Vec<Ended>, DocketError> {
        let mut asked = Conditions::default();
        asked.districts(districts);
        let sql = format!(
            "SELECT outcome, reason, CAST(sum(cases) AS BIGINT) AS cases FROM outcomes \
             WHERE {} GROUP BY outcome, reason ORDER BY outcome, reason",
            asked.sql()
        );
        let mut found = Vec::new();
        for row in self.rows(&sql, asked).await? {
            let reason: String = row.try_get("reason")?;
            found.push(Ended {
                outcome: of_word(&row.try_get::<String, _>("outcome")?)?,
                reason: (!reason.is_empty()).then(|| of_word(&reason)).transpose()?,
                cases: row.try_get::<i64, _>("cases")? as u64,
            });
        }
        Ok(found)
    }
}
