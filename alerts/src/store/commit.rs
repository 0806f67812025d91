//! The point of no return: one transaction makes an epoch's records count.

use super::finish::{add_result, number};
use super::superseded::add_superseded;
use super::transaction::Transaction;
use super::{
    EpochCommit, EpochResult, Place, SegmentEntry, Sequenced, Store, StoreError, Superseded, Writer,
};
use rusqlite::params;

impl Store {
    /// Commits an epoch. When it answers, the records are durable and count;
    /// when it fails, nothing of it does.
    ///
    /// # Errors
    /// [`StoreError::EpochOrder`] unless the id is above all before it; any
    /// failure of the database.
    pub fn commit_epoch(&self, epoch: &EpochCommit) -> Result<(), StoreError> {
        let mut writer = self.writer()?;
        writer.follows(epoch.id)?;
        writer.unsettled = true;
        let transaction = Transaction::begin(&mut writer.records)?;
        add_epoch(&transaction, epoch)?;
        transaction.commit()?;
        writer.ledger.last_epoch = epoch.id;
        writer.ledger.unfinished.insert(epoch.id);
        writer.unsettled = false;
        Ok(())
    }

    /// Commits an epoch together with what it made of its records, and gives its
    /// events with their places in the outbox: for a small epoch, whose work is
    /// done sooner than the disk is asked twice.
    ///
    /// # Errors
    /// As [`Store::commit_epoch`]; [`StoreError::FinishOrder`] while an epoch
    /// before it is not finished.
    pub fn commit_finished(
        &self,
        epoch: &EpochCommit,
        result: &EpochResult,
    ) -> Result<Vec<Sequenced>, StoreError> {
        let mut writer = self.writer()?;
        writer.follows(epoch.id)?;
        if let Some(first) = writer.ledger.unfinished.first().copied() {
            let epoch = epoch.id;
            return Err(StoreError::FinishOrder { epoch, first });
        }
        let events = number(writer.ledger.last_sequence, result);
        writer.unsettled = true;
        let transaction = Transaction::begin(&mut writer.records)?;
        add_epoch(&transaction, epoch)?;
        add_result(&transaction, result, &events)?;
        transaction.commit()?;
        writer.ledger.last_epoch = epoch.id;
        writer.ledger.last_sequence += events.len() as u64;
        writer.unsettled = false;
        drop(writer);
        self.note_written(result, events.len());
        Ok(events)
    }
}

impl Writer {
    fn follows(&self, epoch: u64) -> Result<(), StoreError> {
        let last = self.ledger.last_epoch;
        match epoch > last && i64::try_from(epoch).is_ok() {
            true => Ok(()),
            false => Err(StoreError::EpochOrder { epoch, last }),
        }
    }
}

fn add_epoch(transaction: &Transaction<'_>, epoch: &EpochCommit) -> Result<(), StoreError> {
    let id = epoch.id as i64;
    let rejects = epoch.rejects.len() as i64;
    transaction.execute(
        "INSERT INTO epochs VALUES (?, ?, ?, ?, ?, 0)",
        params![id, epoch.time_ms, epoch.kind, epoch.rows as i64, rejects],
    )?;
    for segment in &epoch.segments {
        add_segment(transaction, id, segment)?;
    }
    let superseded = epoch.superseded.iter().map(|at| Superseded {
        at: *at,
        epoch: epoch.id,
    });
    add_superseded(transaction, superseded)?;
    mend_rejects(transaction, id, epoch)?;
    add_rejects(transaction, id, epoch)?;
    add_standing(transaction, epoch)
}

/// Adds a segment of an epoch.
pub(super) fn add_segment(
    transaction: &Transaction<'_>,
    epoch: i64,
    segment: &SegmentEntry,
) -> Result<(), StoreError> {
    let (file, inline) = match &segment.place {
        Place::File(file) => (Some(file), None),
        Place::Inline(rows) => (None, Some(rows)),
    };
    let SegmentEntry { id, source, .. } = segment;
    transaction.execute(
        "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?)",
        params![id, epoch, source, segment.rows as i64, file, inline],
    )
}

/// Marks earlier refused records of which a record was taken in.
fn mend_rejects(
    transaction: &Transaction<'_>,
    id: i64,
    epoch: &EpochCommit,
) -> Result<(), StoreError> {
    let sql = "UPDATE rejects SET mended = ? WHERE source = ? AND key = ? AND mended IS NULL";
    for (source, key) in &epoch.mended {
        transaction.execute(sql, params![id, source, key])?;
    }
    Ok(())
}

fn add_rejects(
    transaction: &Transaction<'_>,
    id: i64,
    epoch: &EpochCommit,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO rejects \
               (epoch, source, file, record, line, byte, field, value, reason, raw, key, mended) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    for reject in &epoch.rejects {
        let place = [reject.record, reject.line, reject.byte].map(|place| place as i64);
        transaction.execute(
            sql,
            params![
                id,
                reject.source,
                reject.file,
                place[0],
                place[1],
                place[2],
                reject.field,
                reject.value,
                reject.reason,
                reject.raw,
                reject.key,
                reject.mended.then_some(id)
            ],
        )?;
    }
    Ok(())
}

/// Positions and statistics: the newest replaces what stood.
fn add_standing(transaction: &Transaction<'_>, epoch: &EpochCommit) -> Result<(), StoreError> {
    for position in &epoch.positions {
        transaction.execute(
            "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)",
            params![position.source, position.file, position.state],
        )?;
    }
    for (source, stats) in &epoch.stats {
        transaction.execute(
            "INSERT OR REPLACE INTO source_stats VALUES (?, ?)",
            params![source, stats],
        )?;
    }
    Ok(())
}
