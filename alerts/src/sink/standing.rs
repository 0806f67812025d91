//! How a sink stands, as the journal keeps it.

use rusqlite::Row;

/// How a sink stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Every event up to here is settled: told, not wanted, or a dead letter.
    pub position: u64,
    /// The last event of the outbox, when the sink last looked.
    pub outbox: u64,
    /// Events that the receiver has taken.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Failures since the last success.
    pub failures: u32,
    /// How often the present event has been refused.
    pub refusals: u32,
    /// Since when nothing succeeds, milliseconds UTC.
    pub failing_since_ms: Option<i64>,
    /// Since when the oldest event waits that is still to be told.
    pub waiting_since_ms: Option<i64>,
    /// Before this nothing is tried; 0: at once.
    pub next_ms: i64,
    /// What came of the last attempt that failed.
    pub last_error: Option<String>,
    /// Why it is switched off.
    pub disabled: Option<String>,
    /// Its dead letters.
    pub dead: u64,
}

impl Standing {
    /// Events that it has not settled; some of them it may not want.
    pub fn pending(&self) -> u64 {
        self.outbox.saturating_sub(self.position)
    }
}

/// An event that a receiver would not have.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeadLetter {
    /// The event's place in the outbox.
    pub seq: u64,
    /// The event's id.
    pub event: String,
    /// What the receiver said last.
    pub reason: String,
    /// When it was given up, milliseconds UTC.
    pub died_ms: i64,
    /// Whether it is to be tried once more.
    pub again: bool,
}

/// The query that [`standing`] reads.
pub(super) fn standing_sql(condition: &str) -> String {
    format!(
        "SELECT name, position, outbox, delivered, failed, failures, refusals, \
         failing_since_ms, waiting_since_ms, next_ms, last_error, disabled, \
         (SELECT count(*) FROM dead WHERE sink = name) FROM sinks {condition} ORDER BY name"
    )
}

/// A row of it.
pub(super) fn standing(row: &Row<'_>) -> rusqlite::Result<Standing> {
    let number = |place: usize| row.get::<_, i64>(place).map(|number| number as u64);
    Ok(Standing {
        name: row.get(0)?,
        position: number(1)?,
        outbox: number(2)?,
        delivered: number(3)?,
        failed: number(4)?,
        failures: row.get(5)?,
        refusals: row.get(6)?,
        failing_since_ms: row.get(7)?,
        waiting_since_ms: row.get(8)?,
        next_ms: row.get(9)?,
        last_error: row.get(10)?,
        disabled: row.get(11)?,
        dead: number(12)?,
    })
}

/// A row of dead letters.
pub(super) fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        seq: row.get::<_, i64>(0)? as u64,
        event: row.get(1)?,
        reason: row.get(2)?,
        died_ms: row.get(3)?,
        again: row.get(4)?,
    })
}
