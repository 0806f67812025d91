//! Rows that no longer count: of each segment, those that an epoch took out, as
//! one blob. Ten thousand corrections of an epoch are so a statement a segment and
//! not one each, and a start reads them by the thousand.

use super::transaction::Transaction;
use super::{BUSY, RowRef, Store, StoreError, Superseded};
use rusqlite::{OpenFlags, params};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// Bytes of a row's number, most significant first.
const ROW_BYTES: usize = size_of::<u32>();

/// Segment, epoch and the rows.
type Stored = (u32, i64, Vec<u8>);

impl Store {
    /// Gives every row that no longer counts to `take`, in the order of segments
    /// and rows. They grow with corrections for ever and every start reads them
    /// all, so they are read on the caller's thread, on a connection of their own,
    /// and a segment at a time.
    ///
    /// # Errors
    /// Any failure of the database; [`StoreError::Corrupt`].
    pub fn each_superseded(&self, mut take: impl FnMut(Superseded)) -> Result<(), StoreError> {
        let reader = rusqlite::Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        reader.busy_timeout(BUSY)?;
        let sql = "SELECT segment, epoch, rows FROM superseded ORDER BY segment, epoch";
        let mut statement = reader.prepare(sql)?;
        let mut stored = statement.query([])?;
        let mut of_segment: Vec<Superseded> = Vec::new();
        while let Some(row) = stored.next()? {
            let stored: Stored = (row.get(0)?, row.get(1)?, row.get(2)?);
            if of_segment
                .last()
                .is_some_and(|last| last.at.segment != stored.0)
            {
                of_segment.sort_unstable();
                of_segment.drain(..).for_each(&mut take);
            }
            unpack(&stored, &mut of_segment)?;
        }
        of_segment.sort_unstable();
        of_segment.into_iter().for_each(take);
        Ok(())
    }

    /// The rows of a segment that no longer count, in their order.
    ///
    /// # Errors
    /// Any failure of the database; [`StoreError::Corrupt`].
    pub async fn superseded_of(&self, segment: u32) -> Result<Vec<Superseded>, StoreError> {
        let sql = "SELECT segment, epoch, rows FROM superseded WHERE segment = ?";
        let query = sqlx::query_as(sql).bind(i64::from(segment));
        in_order(query.fetch_all(&self.readers).await?)
    }
}

/// Those that stop counting with an epoch after this one, in the order of segments
/// and rows.
pub(super) async fn superseded_after(
    view: &mut SqliteConnection,
    epoch: u64,
) -> Result<Vec<Superseded>, StoreError> {
    let sql = "SELECT segment, epoch, rows FROM superseded WHERE epoch > ?";
    let query = sqlx::query_as(sql).bind(epoch as i64);
    in_order(query.fetch_all(&mut *view).await?)
}

/// Adds rows that no longer count. Each does so once.
pub(super) fn add_superseded(
    transaction: &Transaction<'_>,
    superseded: impl IntoIterator<Item = Superseded>,
) -> Result<(), StoreError> {
    let mut packed: BTreeMap<(u32, u64), Vec<u8>> = BTreeMap::new();
    for Superseded { at, epoch } in superseded {
        let rows = packed.entry((at.segment, epoch)).or_default();
        rows.extend(at.row.to_be_bytes());
    }
    for ((segment, epoch), rows) in packed {
        transaction.execute(
            "INSERT INTO superseded VALUES (?, ?, ?)",
            params![segment, epoch as i64, rows],
        )?;
    }
    Ok(())
}

fn in_order(stored: Vec<Stored>) -> Result<Vec<Superseded>, StoreError> {
    let mut found = Vec::new();
    for stored in &stored {
        unpack(stored, &mut found)?;
    }
    found.sort_unstable();
    Ok(found)
}

fn unpack(stored: &Stored, found: &mut Vec<Superseded>) -> Result<(), StoreError> {
    let (segment, epoch, rows) = stored;
    let (rows, rest) = rows.as_chunks::<ROW_BYTES>();
    if !rest.is_empty() {
        let what = format!(
            "{} bytes beyond whole row numbers of segment `{segment}`, epoch `{epoch}`",
            rest.len()
        );
        return Err(StoreError::corrupt("superseded", what));
    }
    found.extend(rows.iter().map(|row| Superseded {
        at: RowRef {
            segment: *segment,
            row: u32::from_be_bytes(*row),
        },
        epoch: *epoch as u64,
    }));
    Ok(())
}
