//! What a mark stands for: the values that records write where a subject is
//! masked, looked up around one enterprise, among the records that the reader may
//! see. For others the subject is as if it were not there.

use super::gathered::Gathered;
use crate::clearance;
use crate::pipeline::records::Records;
use anyhow::Result;
use std::collections::BTreeSet;
use tocsin_ingest::fact::SubjectKey;

/// Every way in which the records around an enterprise write the subject of a
/// mark such as `account 1f3a9c02`; empty: none that may be seen speaks of it.
///
/// # Errors
/// When the landing cannot be read.
pub fn reveal(
    records: &Records,
    enterprise: SubjectKey,
    mark: &str,
    time_ms: i64,
    clearance: u8,
) -> Result<Vec<String>> {
    let around = Gathered::around(records, enterprise, time_ms, None, clearance)?;
    let subjects: Vec<SubjectKey> = around.subjects().collect();
    let mut values = BTreeSet::new();
    records.naming(&subjects, |record| {
        if clearance::sensitivity(record.source) <= clearance {
            let personal = record.personal();
            let meant = personal.filter(|(kind, text)| records.masked(*kind, text) == mark);
            values.extend(meant.map(|(_, text)| text));
        }
    })?;
    Ok(values.into_iter().collect())
}
