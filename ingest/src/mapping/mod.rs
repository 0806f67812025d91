//! Rows → facts: what the records of a batch say, by the source's declaration.
//!
//! The way: raw text columns → typed columns and refused rows → expressions
//! evaluated over the whole batch → [`Said`], from which the facts of any subset
//! of its records can be taken. The same raw row always says the same, so a
//! record is retracted by reading its row again.

mod evaluate;
mod hash;
mod quantity;
mod said;
mod signal;
mod stored;
#[cfg(test)]
mod tests;
mod typed;

pub use said::Said;

use crate::catalogue::SlotRange;
use crate::source::Source;
use crate::values::Pseudonymiser;
use arrow_array::RecordBatch;
use std::sync::Arc;

/// Names of the columns that say where a row came from; they precede the
/// file's own columns in every landed batch.
pub const META_COLUMNS: [&str; 5] = ["_file", "_record", "_line", "_byte", "_arrival"];

/// One value of one row that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The row within the batch.
    pub row: u32,
    /// The column, or the declaration (`signal A5`), that refused it.
    pub field: String,
    /// The value, clipped.
    pub value: String,
    /// Why, and what is allowed.
    pub reason: String,
    /// A short stable name of the reason, for counting.
    pub code: &'static str,
}

/// Longest value a fault carries, in characters.
const MAX_FAULT_VALUE: usize = 200;

impl RowFault {
    fn new(
        row: usize,
        field: impl Into<String>,
        value: &str,
        code: &'static str,
        reason: impl Into<String>,
    ) -> Self {
        RowFault {
            row: row as u32,
            code,
            field: field.into(),
            value: value.chars().take(MAX_FAULT_VALUE).collect(),
            reason: reason.into(),
        }
    }
}

/// Maps the rows of one source.
#[derive(Debug, Clone)]
pub struct Mapper {
    source: Arc<Source>,
    slots: SlotRange,
    pseudonyms: Pseudonymiser,
}

impl Mapper {
    /// A mapper for `source`, whose slots are `slots`.
    pub fn new(source: Arc<Source>, slots: SlotRange, pseudonyms: Pseudonymiser) -> Self {
        Mapper {
            source,
            slots,
            pseudonyms,
        }
    }

    /// The source.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Reads a raw batch: text columns by name, after the [`META_COLUMNS`].
    /// Rows that are refused are in the faults, one fault a row, and not in what
    /// is said.
    ///
    /// # Errors
    /// The names of declared columns that the batch lacks.
    pub fn map(&self, raw: &RecordBatch) -> Result<(Said, Vec<RowFault>), Vec<String>> {
        let missing =
            self.missing_columns(raw.schema_ref().fields().iter().map(|f| f.name().as_str()));
        if missing.is_empty() {
            Ok(self.map_landed(raw))
        } else {
            Err(missing)
        }
    }

    /// [`Mapper::map`] for rows that landed some time ago: columns that have been
    /// declared since are empty in them. The [`META_COLUMNS`] may be missing if
    /// the source has a key.
    pub fn map_landed(&self, raw: &RecordBatch) -> (Said, Vec<RowFault>) {
        let (mut said, faults) = self.map_said(raw);
        said.contents = hash::contents(raw, &said.rows);
        (said, faults)
    }

    /// [`Mapper::map_landed`] for those who compare no versions: without
    /// [`Said::contents`], which cost a look at every column.
    pub fn map_said(&self, raw: &RecordBatch) -> (Said, Vec<RowFault>) {
        let mut typed = typed::read(&self.source, raw);
        let said = evaluate::evaluate(self, raw, &mut typed);
        typed.faults.sort_by_key(|fault| fault.row);
        (said, typed.faults)
    }

    /// The key hash of every row of a raw batch, also of those that are refused.
    pub fn keys(&self, raw: &RecordBatch) -> Vec<u128> {
        let typed = typed::read(&self.source, raw);
        hash::keys(self, raw, &typed)
    }

    /// The declared columns that a header lacks.
    pub fn missing_columns<'a>(&self, header: impl Iterator<Item = &'a str>) -> Vec<String> {
        let header: Vec<&str> = header.collect();
        self.source
            .columns
            .iter()
            .map(|column| &column.name)
            .filter(|name| !header.contains(&name.as_str()))
            .cloned()
            .collect()
    }
}
