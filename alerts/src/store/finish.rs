//! What an epoch made of its records, in one transaction: alerts, events with
//! their places in the outbox, scores, the model.

use super::transaction::Transaction;
use super::{EpochResult, ScoreRow, Sequenced, Store, StoreError, Writer};
use crate::lifecycle::Alert;

const UPSERT_ALERTS: [&str; 2] = [
    "INSERT INTO alerts",
    "ON CONFLICT (id) DO UPDATE SET level = excluded.level, \
     index_centi = excluded.index_centi, status = excluded.status, \
     updated_ms = excluded.updated_ms, state = excluded.state",
];

impl Store {
    /// Finishes an epoch and gives its events with their places in the outbox.
    /// An epoch that is finished already is left as it is, and gives none.
    ///
    /// # Errors
    /// [`StoreError::UnknownEpoch`], [`StoreError::FinishOrder`]; any failure
    /// of the database, after which the epoch is as unfinished as before.
    pub async fn finish_epoch(&self, result: &EpochResult) -> Result<Vec<Sequenced>, StoreError> {
        let mut writer = self.writer().await?;
        if !writer.awaits(result.id)? {
            return Ok(Vec::new());
        }
        let events = number(writer.ledger.last_sequence, result);
        writer.unsettled = true;
        let mut transaction = Transaction::begin(&mut writer.results);
        add_result(&mut transaction, result, &events).await?;
        transaction.commit().await?;
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
pub(super) async fn add_result<'q>(
    transaction: &mut Transaction<'_, 'q>,
    result: &'q EpochResult,
    events: &'q [Sequenced],
) -> Result<(), StoreError> {
    let id = result.id as i64;
    transaction
        .statement("UPDATE epochs SET finished = 1 WHERE id = ?")
        .bind(id);
    if let Some(version) = &result.model {
        let sql = "UPDATE models SET activated_epoch = ? WHERE version = ?";
        transaction.statement(sql).bind(id).bind(version.as_str());
    }
    add_alerts(transaction, &result.alerts).await?;
    add_events(transaction, events).await?;
    add_scores(transaction, result).await
}

async fn add_alerts<'q>(
    transaction: &mut Transaction<'_, 'q>,
    alerts: &'q [Alert],
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(alerts.len());
    for alert in alerts {
        rows.push((alert, json("alerts", alert)?));
    }
    transaction
        .rows(UPSERT_ALERTS, 9, &rows, |row, (alert, state)| {
            row.bind(alert.id.as_str()).bind(alert.enterprise.to_vec());
            row.bind(i64::from(alert.episode))
                .bind(i64::from(alert.level.rank()));
            row.bind(i64::from(alert.assessment.index))
                .bind(alert.status.name());
            row.bind(alert.opened_ms)
                .bind(alert.updated_ms)
                .bind(state.clone());
        })
        .await
}

async fn add_events<'q>(
    transaction: &mut Transaction<'_, 'q>,
    events: &'q [Sequenced],
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(events.len());
    for Sequenced { seq, event } in events {
        rows.push((*seq as i64, event, json("alert_events", event)?));
    }
    transaction
        .rows(
            ["INSERT INTO alert_events", ""],
            7,
            &rows,
            |row, (seq, event, body)| {
                row.bind(*seq)
                    .bind(event.alert.as_str())
                    .bind(i64::from(event.revision));
                row.bind(event.epoch as i64).bind(event.time_ms);
                row.bind(event.kind.name()).bind(body.clone());
            },
        )
        .await
}

async fn add_scores(
    transaction: &mut Transaction<'_, '_>,
    result: &EpochResult,
) -> Result<(), StoreError> {
    // In the order of the table: a bulk load then writes each page once.
    let mut scores: Vec<&ScoreRow> = result.scores.iter().collect();
    scores.sort_unstable_by_key(|score| score.enterprise);
    let sql = ["INSERT INTO score_history", ""];
    transaction
        .rows(sql, 6, &scores, |row, score| {
            row.bind(score.enterprise.to_vec())
                .bind(result.id as i64)
                .bind(result.time_ms);
            row.bind(score.log_odds).bind(i64::from(score.index));
            row.bind(i64::from(score.level.rank()));
        })
        .await
}

fn json<T: serde::Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(table, error))
}
