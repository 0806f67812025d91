//! Refused records, read beside whoever has the store open.

use super::{BUSY, DATABASE, RejectRow, StoreError, StoredReject};
use rusqlite::{OpenFlags, Row};
use std::path::Path;

/// Gives every refused record of the state directory `dir` to `take`, the oldest first:
/// of one source or all, those that wait or all. What `take` fails with ends it, and is
/// the inner error.
///
/// # Errors
/// When there is no store, or any failure of the database.
pub fn each_reject<E>(
    dir: &Path,
    source: Option<&str>,
    waiting: bool,
    mut take: impl FnMut(StoredReject) -> Result<(), E>,
) -> Result<Result<(), E>, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = rusqlite::Connection::open_with_flags(dir.join(DATABASE), flags)?;
    reader.busy_timeout(BUSY)?;
    let sql = "SELECT seq, epoch, mended, source, file, record, line, byte, field, value, reason, raw \
               FROM rejects WHERE (?1 IS NULL OR source = ?1) AND (?2 = 0 OR mended IS NULL) \
               ORDER BY seq";
    let mut statement = reader.prepare(sql)?;
    let mut rows = statement.query((source, waiting))?;
    while let Some(row) = rows.next()? {
        if let Err(ended) = take(stored(row)?) {
            return Ok(Err(ended));
        }
    }
    Ok(Ok(()))
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredReject> {
    let number = |place: usize| row.get(place).map(|number: i64| number as u64);
    let mended: Option<i64> = row.get(2)?;
    Ok(StoredReject {
        seq: number(0)?,
        epoch: number(1)?,
        mended: mended.map(|epoch| epoch as u64),
        reject: RejectRow {
            source: row.get(3)?,
            file: row.get(4)?,
            record: number(5)?,
            line: number(6)?,
            byte: number(7)?,
            field: row.get(8)?,
            value: row.get(9)?,
            reason: row.get(10)?,
            raw: row.get(11)?,
            key: None,
            mended: mended.is_some(),
        },
    })
}
