//! What an epoch made of its records, in one transaction: alerts, events with
//! their places in the outbox, scores, the model.

use super::transaction::Transaction;
use super::{EpochResult, ScoreRow, Sequenced, Store, StoreError, Writer};
use crate::lifecycle::Alert;
use rusqlite::params;

const UPSERT_ALERT: &str = "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT (id) DO UPDATE SET level = excluded.level, \
     index_centi = excluded.index_centi, status = excluded.status, \
     updated_ms = excluded.updated_ms, state = excluded.state";

impl Store {
    /// Finishes an epoch and gives its events with their places in the outbox.
    /// An epoch that is finished already is left as it is, and gives none.
    ///
    /// # Errors
    /// [`StoreError::UnknownEpoch`], [`StoreError::FinishOrder`]; any failure
    /// of the database, after which the epoch is as unfinished as before.
    pub fn finish_epoch(&self, result: &EpochResult) -> Result<Vec<Sequenced>, StoreError> {
        self.finish_epoch_once(result, || Ok(()))
    }

    /// [`Store::finish_epoch`] as soon as `ready` answers, which is asked when all
    /// is done but the last step: what else belongs to the epoch is there before
    /// it is finished, and may be made meanwhile.
    ///
    /// # Errors
    /// As [`Store::finish_epoch`]; when `ready` fails, the epoch is as unfinished
    /// as before.
    pub fn finish_epoch_once<E: From<StoreError>>(
        &self,
        result: &EpochResult,
        ready: impl FnOnce() -> Result<(), E>,
    ) -> Result<Vec<Sequenced>, E> {
        let mut writer = self.writer()?;
        if !writer.awaits(result.id)? {
            return Ok(Vec::new());
        }
        let events = number(writer.ledger.last_sequence, result);
        writer.unsettled = true;
        let transaction = Transaction::begin(&mut writer.results)?;
        add_result(&transaction, result, &events)?;
        ready()?;
        transaction.commit()?;
        writer.ledger.unfinished.remove(&result.id);
        writer.ledger.last_sequence += events.len() as u64;
        writer.unsettled = false;
        drop(writer);
        self.note_written(result, events.len());
        Ok(events)
    }

    /// Lets the log be copied back in time.
    pub(super) fn note_written(&self, result: &EpochResult, events: usize) {
        self.keeper
            .note(result.alerts.len() + events + result.scores.len());
    }
}

impl Writer {
    /// Whether the epoch is the next to be finished; `false`: it is finished.
    fn awaits(&self, epoch: u64) -> Result<bool, StoreError> {
        match self.ledger.unfinished.first() {
            _ if epoch == 0 || epoch > self.ledger.last_epoch => {
                Err(StoreError::UnknownEpoch { epoch })
            }
            Some(first) if *first == epoch => Ok(true),
            Some(first) if self.ledger.unfinished.contains(&epoch) => {
                Err(StoreError::FinishOrder {
                    epoch,
                    first: *first,
                })
            }
            _ => Ok(false),
        }
    }
}

/// Gives events their places in the outbox.
pub(super) fn number(last: u64, result: &EpochResult) -> Vec<Sequenced> {
    let numbered = (last + 1..).zip(&result.events);
    numbered
        .map(|(seq, event)| Sequenced {
            seq,
            event: event.clone(),
        })
        .collect()
}

/// Adds what an epoch made of its records.
pub(super) fn add_result(
    transaction: &Transaction<'_>,
    result: &EpochResult,
    events: &[Sequenced],
) -> Result<(), StoreError> {
    let id = result.id as i64;
    transaction.execute("UPDATE epochs SET finished = 1 WHERE id = ?", [id])?;
    if let Some(version) = &result.model {
        let sql = "UPDATE models SET activated_epoch = ? WHERE version = ?";
        transaction.execute(sql, params![id, version])?;
    }
    for (key, value) in &result.notes {
        let sql = "INSERT OR REPLACE INTO meta VALUES (?, ?)";
        transaction.execute(sql, params![key, value])?;
    }
    for alert in &result.alerts {
        add_alert(transaction, alert)?;
    }
    for event in events {
        add_event(transaction, event)?;
    }
    add_scores(transaction, result)
}

fn add_alert(transaction: &Transaction<'_>, alert: &Alert) -> Result<(), StoreError> {
    let (enterprise, state) = (alert.enterprise.as_slice(), json("alerts", alert)?);
    transaction.execute(
        UPSERT_ALERT,
        params![
            alert.id.as_str(),
            enterprise,
            alert.episode,
            alert.level.rank(),
            alert.assessment.index,
            alert.status.name(),
            alert.opened_ms,
            alert.updated_ms,
            state
        ],
    )
}

fn add_event(transaction: &Transaction<'_>, event: &Sequenced) -> Result<(), StoreError> {
    let Sequenced { seq, event } = event;
    let (epoch, body) = (event.epoch as i64, json("alert_events", event)?);
    transaction.execute(
        "INSERT INTO alert_events VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            *seq as i64,
            event.alert.as_str(),
            event.revision,
            epoch,
            event.time_ms,
            event.kind.name(),
            body
        ],
    )
}

fn add_scores(transaction: &Transaction<'_>, result: &EpochResult) -> Result<(), StoreError> {
    // In the order of the table: a bulk load then writes each page once.
    let mut scores: Vec<&ScoreRow> = result.scores.iter().collect();
    scores.sort_unstable_by_key(|score| score.enterprise);
    for score in scores {
        transaction.execute(
            "INSERT INTO score_history VALUES (?, ?, ?, ?, ?, ?)",
            params![
                score.enterprise.as_slice(),
                result.id as i64,
                result.time_ms,
                score.log_odds,
                score.index,
                score.level.rank()
            ],
        )?;
    }
    Ok(())
}

fn json<T: serde::Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(table, error))
}
