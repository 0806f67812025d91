//! What became of a source's records, counted; kept with every epoch, so the
//! figures survive a restart.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The counters of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceStats {
    /// Records read, good and bad.
    pub read: u64,
    /// Records taken in, corrections and withdrawals included.
    pub accepted: u64,
    /// Records that said again what a live record says.
    pub duplicates: u64,
    /// Records that replaced an earlier version of theirs.
    pub corrected: u64,
    /// Records withdrawn, by a record or by a snapshot that lacks them.
    pub withdrawn: u64,
    /// Records with a value that had to be cleaned (full width, lower case).
    pub normalised: u64,
    /// Records refused, by field and reason.
    pub rejected: BTreeMap<String, u64>,
    /// Of them those that were delivered again and taken in.
    pub mended: u64,
    /// Records found by each quality check; they count all the same.
    pub checks: BTreeMap<String, u64>,
    /// When records last arrived, milliseconds UTC of business time; 0: never.
    pub last_arrival_ms: i64,
    /// What is wrong with the source now, if anything.
    pub error: Option<String>,
    /// Whether that is a file that could not be read to its end.
    #[serde(default)]
    pub broken: bool,
}

impl SourceStats {
    /// Adds what an epoch counted. What is wrong now is not counted: `error`
    /// stays as it is.
    pub fn merge(&mut self, other: &SourceStats) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.corrected += other.corrected;
        self.withdrawn += other.withdrawn;
        self.normalised += other.normalised;
        self.mended += other.mended;
        for (reason, count) in &other.rejected {
            *self.rejected.entry(reason.clone()).or_default() += count;
        }
        for (check, count) in &other.checks {
            *self.checks.entry(check.clone()).or_default() += count;
        }
        self.last_arrival_ms = self.last_arrival_ms.max(other.last_arrival_ms);
    }

    /// What was counted since it stood as `before`.
    pub fn since(&self, before: &SourceStats) -> SourceStats {
        let mut rejected = self.rejected.clone();
        for (reason, count) in &before.rejected {
            rejected
                .entry(reason.clone())
                .and_modify(|now| *now -= count);
        }
        rejected.retain(|_, count| *count > 0);
        SourceStats {
            read: self.read - before.read,
            accepted: self.accepted - before.accepted,
            duplicates: self.duplicates - before.duplicates,
            corrected: self.corrected - before.corrected,
            withdrawn: self.withdrawn - before.withdrawn,
            normalised: self.normalised - before.normalised,
            mended: self.mended - before.mended,
            rejected,
            ..SourceStats::default()
        }
    }

    /// Counts a refused record.
    pub fn reject(&mut self, field: &str, code: &str) {
        let reason = if field.is_empty() {
            code.to_owned()
        } else {
            format!("{field}: {code}")
        };
        *self.rejected.entry(reason).or_default() += 1;
    }

    /// Refused records of which nothing better has come.
    pub fn rejected_waiting(&self) -> u64 {
        self.rejected_total().saturating_sub(self.mended)
    }

    /// All refused records.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }
}
