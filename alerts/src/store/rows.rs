//! What goes into the store and comes out: plain data, a table at a time.

use crate::level::Level;
use crate::lifecycle::{Alert, AlertEvent, Status};

/// Where the rows of a segment are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file of this name, already durable.
    File(String),
    /// In the store itself.
    Inline(Vec<u8>),
}

/// Rows of one source that arrived together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentEntry {
    /// The segment's number.
    pub id: u32,
    /// The source.
    pub source: String,
    /// How many rows.
    pub rows: u64,
    /// Where they are.
    pub place: Place,
}

/// One row of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowRef {
    /// The segment.
    pub segment: u32,
    /// The row in it, from 0.
    pub row: u32,
}

/// A row that a later epoch corrected or withdrew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Superseded {
    /// The row.
    pub at: RowRef,
    /// The epoch from which it no longer counts.
    pub epoch: u64,
}

/// How far a file of a source has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The source.
    pub source: String,
    /// The file.
    pub file: String,
    /// JSON, the transport's own.
    pub state: String,
}

/// A record that was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectRow {
    /// The source.
    pub source: String,
    /// The file.
    pub file: String,
    /// The record's number in the file.
    pub record: u64,
    /// The line it starts on.
    pub line: u64,
    /// The byte it starts at.
    pub byte: u64,
    /// The field at fault; empty: the record as a whole.
    pub field: String,
    /// The value refused.
    pub value: String,
    /// Why, and what is allowed.
    pub reason: String,
    /// The record as it came.
    pub raw: String,
    /// The hash of its key, where that could be read.
    pub key: Option<[u8; 16]>,
    /// Whether a record of its key was taken in since.
    pub mended: bool,
}

/// A refused record with its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReject {
    /// Its number: the cursor of the next page.
    pub seq: u64,
    /// The epoch that refused it.
    pub epoch: u64,
    /// The epoch in which a record of its key was taken in since; none: it waits.
    pub mended: Option<u64>,
    /// The record.
    pub reject: RejectRow,
}

/// Everything that becomes durable when an epoch is committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpochCommit {
    /// The epoch; above all before it.
    pub id: u64,
    /// Its instant, milliseconds UTC.
    pub time_ms: i64,
    /// What kind of epoch, in the pipeline's words.
    pub kind: String,
    /// How many records were accepted.
    pub rows: u64,
    /// The records.
    pub segments: Vec<SegmentEntry>,
    /// Earlier records that no longer count.
    pub superseded: Vec<RowRef>,
    /// How far the transports have read.
    pub positions: Vec<Position>,
    /// The records refused.
    pub rejects: Vec<RejectRow>,
    /// Source and key of earlier refused records of which a record was taken in.
    pub mended: Vec<(String, [u8; 16])>,
    /// Figures of sources as they are now: `(source, JSON)`.
    pub stats: Vec<(String, String)>,
}

/// One enterprise's score as an epoch left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreRow {
    /// The enterprise's key.
    pub enterprise: [u8; 16],
    /// Micro-log-odds.
    pub log_odds: i64,
    /// Centi-points, 0..=10000.
    pub index: u16,
    /// The level by score and gates.
    pub level: Level,
}

/// What an epoch made of its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpochResult {
    /// The epoch.
    pub id: u64,
    /// Its instant, milliseconds UTC.
    pub time_ms: i64,
    /// The alerts it changed, each once, as they are now.
    pub alerts: Vec<Alert>,
    /// The events, in the order they are to be published.
    pub events: Vec<AlertEvent>,
    /// The scores it changed, each enterprise once.
    pub scores: Vec<ScoreRow>,
    /// The model version that scores from this epoch on, if it changed.
    pub model: Option<String>,
    /// Notes of the process that are true from this epoch on: key and value.
    pub notes: Vec<(String, String)>,
}

/// An event with its place in the outbox: 1, 2, 3 …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequenced {
    /// The place.
    pub seq: u64,
    /// The event.
    pub event: AlertEvent,
}

impl Sequenced {
    /// The event's id, the same wherever and whenever it is told:
    /// `<alert>.<revision>`.
    pub fn id(&self) -> String {
        format!("{}.{}", self.event.alert, self.event.revision)
    }
}

/// An epoch as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochRow {
    /// The epoch.
    pub id: u64,
    /// Its instant, milliseconds UTC.
    pub time_ms: i64,
    /// What kind of epoch.
    pub kind: String,
    /// Records accepted.
    pub rows: u64,
}

/// A segment as the store keeps it; inline rows are read by `Store::inline`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The segment's number.
    pub id: u32,
    /// The epoch that committed it.
    pub epoch: u64,
    /// The source.
    pub source: String,
    /// How many rows.
    pub rows: u64,
    /// The file; `None`: inline.
    pub file: Option<String>,
}

/// One score of an enterprise's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRow {
    /// The epoch that set it.
    pub epoch: u64,
    /// Its instant, milliseconds UTC.
    pub time_ms: i64,
    /// Micro-log-odds.
    pub log_odds: i64,
    /// Centi-points.
    pub index: u16,
    /// The level.
    pub level: Level,
}

/// A model version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRow {
    /// Its version.
    pub version: String,
    /// The model itself, as text.
    pub artifact: String,
    /// The epoch that last made it score; `None`: never.
    pub activated_epoch: Option<u64>,
}

/// The order of a list of alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest opened first. Pages never repeat or leave out an alert.
    #[default]
    Newest,
    /// The highest level first, then the highest index. An alert whose figures
    /// change while one pages may appear twice or not.
    Ranked,
}

/// Which alerts to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only of this level.
    pub level: Option<Level>,
    /// Only of this status.
    pub status: Option<Status>,
    /// The order.
    pub order: Order,
    /// What the page before gave as `next`.
    pub after: Option<String>,
    /// How many, 1..=1000.
    pub limit: usize,
}

/// A page of alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertPage {
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// The cursor of the next page; `None`: this is the last.
    pub next: Option<String>,
}

/// How much there is of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Epochs committed.
    pub epochs: u64,
    /// Epochs committed and not finished.
    pub unfinished: u64,
    /// Records accepted.
    pub rows: u64,
    /// Records refused.
    pub rejects: u64,
    /// Segments.
    pub segments: u64,
    /// Alerts ever opened.
    pub alerts: u64,
    /// Open alerts by the rank of their level; at 0 always none.
    pub open: [u64; 5],
    /// Events ever told.
    pub events: u64,
}
