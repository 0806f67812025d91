//! The point of no return: one transaction makes an epoch's records count.

use super::finish::{add_result, number};
use super::transaction::Transaction;
use super::{EpochCommit, EpochResult, Place, SegmentEntry, Sequenced, Store, StoreError, Writer};

impl Store {
    /// Commits an epoch. When it answers, the records are durable and count;
    /// when it fails, nothing of it does.
    ///
    /// If the caller goes away meanwhile (the future is dropped), the epoch is
    /// either committed or not; the next call finds out.
    ///
    /// # Errors
    /// [`StoreError::EpochOrder`] unless the id is above all before it; any
    /// failure of the database.
    pub async fn commit_epoch(&self, epoch: &EpochCommit) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        writer.follows(epoch.id)?;
        writer.unsettled = true;
        let mut transaction = Transaction::begin(&mut writer.records);
        add_epoch(&mut transaction, epoch).await?;
        transaction.commit().await?;
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
    pub async fn commit_finished(
        &self,
        epoch: &EpochCommit,
        result: &EpochResult,
    ) -> Result<Vec<Sequenced>, StoreError> {
        let mut writer = self.writer().await?;
        writer.follows(epoch.id)?;
        if let Some(first) = writer.ledger.unfinished.first().copied() {
            let epoch = epoch.id;
            return Err(StoreError::FinishOrder { epoch, first });
        }
        let events = number(writer.ledger.last_sequence, result);
        writer.unsettled = true;
        let mut transaction = Transaction::begin(&mut writer.records);
        add_epoch(&mut transaction, epoch).await?;
        add_result(&mut transaction, result, &events).await?;
        transaction.commit().await?;
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

async fn add_epoch<'q>(
    transaction: &mut Transaction<'_, 'q>,
    epoch: &'q EpochCommit,
) -> Result<(), StoreError> {
    let id = epoch.id as i64;
    transaction
        .statement("INSERT INTO epochs VALUES (?, ?, ?, ?, ?, 0)")
        .bind(id)
        .bind(epoch.time_ms)
        .bind(epoch.kind.as_str())
        .bind(epoch.rows as i64)
        .bind(epoch.rejects.len() as i64);
    add_segments(transaction, id, &epoch.segments).await?;
    add_superseded(transaction, id, epoch).await?;
    add_rejects(transaction, id, epoch).await?;
    add_standing(transaction, epoch).await
}

/// Adds segments of an epoch.
pub(super) async fn add_segments<'q>(
    transaction: &mut Transaction<'_, 'q>,
    epoch: i64,
    segments: &'q [SegmentEntry],
) -> Result<(), StoreError> {
    let segments: Vec<&'q SegmentEntry> = segments.iter().collect();
    let sql = ["INSERT INTO segments", ""];
    transaction
        .rows(sql, 6, &segments, |row, segment| {
            let (file, inline) = match &segment.place {
                Place::File(file) => (Some(file.as_str()), None),
                Place::Inline(rows) => (None, Some(rows.as_slice())),
            };
            row.bind(i64::from(segment.id))
                .bind(epoch)
                .bind(segment.source.as_str());
            row.bind(segment.rows as i64).bind(file).bind(inline);
        })
        .await
}

async fn add_superseded(
    transaction: &mut Transaction<'_, '_>,
    id: i64,
    epoch: &EpochCommit,
) -> Result<(), StoreError> {
    let sql = ["INSERT INTO superseded", ""];
    transaction
        .rows(sql, 3, &epoch.superseded, |row, at| {
            row.bind(i64::from(at.segment))
                .bind(i64::from(at.row))
                .bind(id);
        })
        .await
}

async fn add_rejects<'q>(
    transaction: &mut Transaction<'_, 'q>,
    id: i64,
    epoch: &'q EpochCommit,
) -> Result<(), StoreError> {
    let head = "INSERT INTO rejects \
                (epoch, source, file, record, line, byte, field, value, reason, raw)";
    let rejects: Vec<_> = epoch.rejects.iter().collect();
    transaction
        .rows([head, ""], 10, &rejects, |row, reject| {
            row.bind(id)
                .bind(reject.source.as_str())
                .bind(reject.file.as_str());
            row.bind(reject.record as i64)
                .bind(reject.line as i64)
                .bind(reject.byte as i64);
            row.bind(reject.field.as_str()).bind(reject.value.as_str());
            row.bind(reject.reason.as_str()).bind(reject.raw.as_str());
        })
        .await
}

/// Positions and statistics: the newest replaces what stood.
async fn add_standing<'q>(
    transaction: &mut Transaction<'_, 'q>,
    epoch: &'q EpochCommit,
) -> Result<(), StoreError> {
    let positions: Vec<_> = epoch.positions.iter().collect();
    transaction
        .rows(
            ["INSERT OR REPLACE INTO positions", ""],
            3,
            &positions,
            |row, position| {
                row.bind(position.source.as_str())
                    .bind(position.file.as_str());
                row.bind(position.state.as_str());
            },
        )
        .await?;
    let stats: Vec<_> = epoch.stats.iter().collect();
    transaction
        .rows(
            ["INSERT OR REPLACE INTO source_stats", ""],
            2,
            &stats,
            |row, (source, stats)| {
                row.bind(source.as_str()).bind(stats.as_str());
            },
        )
        .await
}
