//! Files that are delivered whole: snapshots of what is in force, and workbooks.
//! Their rows wait here until the day of delivery.

use std::collections::BTreeMap;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use super::block::Piece;
use super::feed::{Feed, Feeds, Form, Mode};
use super::file::{SEPARATOR, opening};
use crate::calendar::{iso, month_of};
use crate::city::Delivery;

/// A row of a list: from when, until when.
#[derive(Debug)]
struct Entry {
    from: i32,
    until: i32,
    row: Vec<u8>,
}

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    /// By feed: everything that was ever on the list and is not over.
    lists: BTreeMap<u16, Vec<Entry>>,
    /// Rows of workbooks, by day and feed.
    books: BTreeMap<(i32, u16), Vec<u8>>,
}

impl Whole {
    /// Whether a feed's files are delivered whole.
    pub(crate) fn is_for(feed: &Feed) -> bool {
        feed.mode == Mode::Snapshot || feed.form == Form::Xlsx
    }

    /// Keeps a row until its file is due.
    pub(crate) fn put(&mut self, feeds: &Feeds, piece: &Piece, row: &[u8]) {
        if feeds.list[usize::from(piece.feed)].mode == Mode::Snapshot {
            let entry = Entry {
                from: piece.day,
                until: piece.until,
                row: row.to_vec(),
            };
            self.lists.entry(piece.feed).or_default().push(entry);
        } else {
            self.books
                .entry((piece.day, piece.feed))
                .or_default()
                .extend_from_slice(row);
        }
    }

    /// The files that are due on `day`, with how many rows each has.
    ///
    /// # Errors
    /// When a workbook cannot be made.
    pub(crate) fn due(
        &mut self,
        feeds: &Feeds,
        day: i32,
    ) -> Result<Vec<(u64, Delivery)>, XlsxError> {
        let mut files = Vec::new();
        for (place, list) in &mut self.lists {
            let feed = &feeds.list[usize::from(*place)];
            if feed.cadence.from(day) != day || feed.silent == Some(month_of(day)) {
                continue;
            }
            list.retain(|entry| entry.until > day);
            let mut rows = Vec::new();
            let mut count = 0;
            for entry in list.iter().filter(|entry| entry.from <= day) {
                rows.extend_from_slice(&entry.row);
                count += 1;
            }
            if count > 0 {
                files.push((count, file(feed, day, &rows)?));
            }
        }
        let later = self.books.split_off(&(day + 1, 0));
        for ((_, place), rows) in std::mem::replace(&mut self.books, later) {
            let count = rows.iter().filter(|byte| **byte == b'\n').count() as u64;
            files.push((count, file(&feeds.list[usize::from(place)], day, &rows)?));
        }
        Ok(files)
    }
}

fn file(feed: &Feed, day: i32, rows: &[u8]) -> Result<Delivery, XlsxError> {
    let bytes = if feed.form == Form::Xlsx {
        book(feed, rows)?
    } else {
        let mut bytes = opening(feed);
        bytes.extend_from_slice(rows);
        bytes
    };
    let path = feed.daily_path(month_of(day), &iso(day));
    Ok(Delivery {
        path,
        bytes,
        whole: true,
    })
}

/// A workbook of one sheet, all cells text. Without the clock's time in it: the
/// same rows give the same bytes.
fn book(feed: &Feed, rows: &[u8]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_ymd(2024, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let sheet = book.add_worksheet();
    for (at, column) in feed.columns.iter().enumerate() {
        sheet.write_string(0, at as u16, column.header.as_str())?;
    }
    let text = String::from_utf8_lossy(rows);
    for (line, row) in text.lines().enumerate() {
        for (at, field) in row.split(SEPARATOR).enumerate() {
            sheet.write_string(line as u32 + 1, at as u16, field)?;
        }
    }
    book.save_to_buffer()
}
