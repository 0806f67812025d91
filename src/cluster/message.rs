//! What processes say to each other. Process 0 leads: it orders, the others
//! report; it asks for records, the others answer.

use crate::pipeline::live::Gone;
use crate::pipeline::records::Identity;
use crate::pipeline::stats::SourceStats;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use tocsin_dataflow::{EpochOutput, ScoreChange, Waiting, WaitingQuery};
use tocsin_ingest::fact::SubjectKey;
use tocsin_ingest::format::CsvPosition;

/// Anything that is said.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message {
    /// Process 0 to another.
    Order(Order),
    /// Another to process 0.
    Report(Report),
    /// Process 0 asks, under a number.
    Ask(u64, Question),
    /// The answer; `Err` in words.
    Answer(u64, Result<Answer, String>),
    /// Another was asked to stop: process 0 is to stop all.
    Stop,
}

/// What process 0 has the others do, one after another.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Open the state: first of all.
    Open(Box<Opening>),
    /// Load the rows that counted at the end of the last finished epoch.
    LoadFinished,
    /// Load what an unfinished epoch changed.
    LoadEpoch(u64),
    /// Take in what there is.
    TakeIn {
        /// The epoch's business time, milliseconds UTC.
        time_ms: i64,
        /// Whether to look for files, and whether every file is complete.
        files: Option<bool>,
        /// Records pushed to its sources: source, name, CSV.
        pushes: Vec<(u16, String, Vec<u8>)>,
    },
    /// Close the epoch: what was taken in for it will count.
    Advance {
        /// Its instant, milliseconds UTC.
        time_ms: i64,
        /// Whether changes of assessments are wanted.
        wanted: bool,
    },
    /// Do a little of the work that can wait.
    Merge,
    /// Do the work that can wait.
    Tidy,
    /// Write inline segments of a source as one file.
    Roll(Vec<u32>),
    /// A file has taken the place of inline segments; rows of it that no longer
    /// count.
    Rolled(Vec<u32>),
    /// Prepare to end: connections that end are no loss from now on.
    Stop,
    /// End: all are prepared.
    End,
}

/// What another process needs to go on where it was.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Opening {
    /// Which cluster's state it is.
    pub cluster: String,
    /// The instant of the first epoch that the dataflow closes.
    pub start_ms: i64,
    /// The last finished epoch and its instant; 0: none.
    pub last_finished: (u64, i64),
    /// Its segments.
    pub segments: Vec<Stored>,
    /// By segment: its rows that no longer count.
    pub gone: HashMap<u32, Gone>,
    /// Those that stop counting with unfinished epochs: segment, row, epoch.
    pub later: Vec<(u32, u32, u64)>,
    /// How far its files have been read: source, file, JSON.
    pub positions: Vec<(String, String, String)>,
    /// Counters of its sources, JSON.
    pub stats: BTreeMap<String, String>,
    /// Refused records of its sources that wait: key, source, count.
    pub waiting: Vec<([u8; 16], String, u64)>,
    /// The model in force: version and artifact.
    pub model: Option<(String, String)>,
}

/// A segment: number, epoch, source, rows, and the bytes of an inline one.
pub type Stored = (u32, u64, String, u64, Option<Vec<u8>>);

/// What another process has done.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    /// The state is open.
    Opened,
    /// Rows are loaded: how many are refused by now, and the subjects of which
    /// something was retracted.
    Loaded(u64, HashSet<SubjectKey>),
    /// Sources have been taken in, and what is wrong with which source now.
    TakenIn(Vec<(u16, TakenIn)>, Vec<(u16, Option<String>)>),
    /// Changes of assessments; more follow.
    Changes(Vec<ScoreChange>),
    /// The epoch is closed: everything but changes of assessments.
    Advanced(Box<EpochOutput>),
    /// What can wait: whether there is more of it, inline segments that may be
    /// rolled, and what the dataflow holds.
    Tidied {
        /// Whether there is more.
        more: bool,
        /// Inline segments of one source that may become one file.
        roll: Vec<u32>,
        /// Name, rows and bytes of every arrangement.
        held: Vec<(String, usize, usize)>,
        /// Steps that workers have made.
        steps: u64,
    },
    /// Inline segments lie in a file: its number, source, rows, and where each
    /// row was and is (segment, row, row).
    Written {
        /// The new segment.
        id: u32,
        /// Its source.
        source: String,
        /// Its rows.
        rows: u64,
        /// Where rows were and where they are.
        moved: Vec<(u32, u32, u32)>,
    },
    /// The file is in its place.
    Published,
    /// It is prepared to end.
    Stopping,
}

/// What one source of another process adds to an epoch.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct TakenIn {
    /// New segments: number, rows, bytes of inline ones.
    pub landed: Vec<(u32, u32, Option<Vec<u8>>)>,
    /// Rows that no longer count.
    pub superseded: Vec<(u32, u32)>,
    /// How far each file was read.
    pub positions: Vec<(String, CsvPosition)>,
    /// What became of each push.
    pub pushes: Vec<SourceStats>,
    /// Refused records.
    pub rejects: Vec<Reject>,
    /// Keys of earlier refused records of which a record was taken in.
    pub mended: Vec<[u8; 16]>,
    /// What was counted.
    pub stats: SourceStats,
    /// Subjects of which something was retracted.
    pub retracted: HashSet<SubjectKey>,
    /// Whom the rows of a registering source speak of.
    pub registered: Option<HashSet<SubjectKey>>,
    /// Rows landed.
    pub rows: u64,
}

/// A refused record: its texts (source, file, field, value, reason, raw) and its
/// place (record, line, byte); its key, and whether it is mended.
pub type Reject = ([String; 6], [u64; 3], Option<[u8; 16]>, bool);

/// What process 0 asks of the others' records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Question {
    /// The live rows that may name one of these subjects.
    Naming {
        /// Whether of registering sources alone.
        registering: bool,
        /// Of each subject at most so many are looked at.
        most: usize,
        /// The subjects.
        subjects: HashSet<SubjectKey>,
    },
    /// Who these enterprises are.
    Identities(Vec<SubjectKey>),
    /// The identifiers of enterprises whose key is a hash.
    OpaqueIds,
    /// Which aliases records wait under.
    Waiting(WaitingQuery),
}

/// What the others have.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// Rows by segment, and whether these are all.
    Rows(Vec<RowsOf>, bool),
    /// Those of whom something is known.
    Identities(HashMap<SubjectKey, Identity>),
    /// Identifiers by key.
    OpaqueIds(HashMap<SubjectKey, String>),
    /// Aliases under which records wait.
    Waiting(Waiting),
}

/// Rows of one segment.
#[derive(Debug, Serialize, Deserialize)]
pub struct RowsOf {
    /// The segment.
    pub segment: u32,
    /// Their places in it.
    pub rows: Vec<u32>,
    /// What they are, as inline rows are kept.
    pub bytes: Vec<u8>,
}
