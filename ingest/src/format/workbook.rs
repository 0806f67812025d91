//! Excel workbooks: the first sheet as the CSV text that it would be exported
//! as, so that all that follows is the same for both.
//!
//! A row of the sheet is a line of the text, with the same number: line breaks
//! within a cell become spaces, empty rows empty lines. A date is written as a
//! date, a whole number without a fraction, whatever format the cell shows.

use calamine::{Data, ExcelDateTime, Range, Reader, Xlsx, XlsxError, open_workbook_from_rs};
use std::io::{self, Cursor};
use std::path::Path;
use thiserror::Error;

/// A larger workbook should come as CSV: the whole sheet is held in memory.
pub const MAX_WORKBOOK: u64 = 64 << 20;

/// Why a workbook could not be read.
#[derive(Debug, Error)]
pub enum WorkbookError {
    /// The disk refuses: it may pass.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is no workbook, or damaged.
    #[error("is no readable workbook: {0}")]
    Unreadable(#[from] XlsxError),
    /// It has no sheet with cells.
    #[error("its first sheet is empty")]
    Empty,
    /// It is too large.
    #[error("has {bytes} bytes; allowed are {MAX_WORKBOOK}: deliver it as csv")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
}

/// The first sheet of a workbook as CSV, UTF-8, its first row the header.
///
/// # Errors
/// See [`WorkbookError`].
pub fn read_workbook(path: &Path) -> Result<Vec<u8>, WorkbookError> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes > MAX_WORKBOOK {
        return Err(WorkbookError::TooLarge { bytes });
    }
    let mut workbook: Xlsx<_> = open_workbook_from_rs(Cursor::new(std::fs::read(path)?))?;
    let sheet = workbook.worksheet_range_at(0);
    Ok(text_of(&sheet.ok_or(WorkbookError::Empty)??)?)
}

fn text_of(sheet: &Range<Data>) -> io::Result<Vec<u8>> {
    // Rows above the first that is used are empty lines.
    let above = sheet.start().map_or(0, |(row, _)| row as usize);
    let mut text = vec![b'\n'; above];
    for row in sheet.rows() {
        if row.iter().all(|cell| matches!(cell, Data::Empty)) {
            text.push(b'\n');
            continue;
        }
        let mut line = csv::Writer::from_writer(&mut text);
        line.write_record(row.iter().map(cell_text))?;
        line.flush()?;
    }
    Ok(text)
}

fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) => number_text(*number),
        Data::DateTime(moment) if !moment.is_duration() => date_text(moment),
        other => other.to_string().replace(['\r', '\n'], " "),
    }
}

/// Excel holds every number as floating point, old registration numbers too.
fn number_text(number: f64) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.fract() == 0.0 && number.abs() < EXACT {
        true => format!("{}", number as i64),
        false => number.to_string(),
    }
}

fn date_text(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => date,
        _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_xlsxwriter::{ExcelDateTime as Moment, Format, Workbook};

    #[test]
    fn a_sheet_reads_as_the_text_that_it_shows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xlsx");
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let date = Format::new().set_num_format("yyyy-mm-dd");
        for (column, name) in ["代码", "名称", "日期", "金额", "是"].iter().enumerate() {
            sheet.write_string(1, column as u16, *name).unwrap();
        }
        sheet.write_number(2, 0, 110_108_000_000_016.0).unwrap();
        sheet.write_string(2, 1, "甲\n“乙”, 丙").unwrap();
        let day = Moment::from_ymd(2024, 3, 5).unwrap();
        sheet.write_datetime_with_format(2, 2, &day, &date).unwrap();
        sheet.write_number(2, 3, 1200.5).unwrap();
        sheet.write_boolean(2, 4, true).unwrap();
        sheet.write_string(4, 1, "后").unwrap();
        workbook.save(&path).unwrap();
        let text = String::from_utf8(read_workbook(&path).unwrap()).unwrap();
        let expected = "\n代码,名称,日期,金额,是\n110108000000016,\"甲 “乙”, 丙\",2024-03-05,1200.5,true\n\n,后,,,\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_no_workbook_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xlsx");
        std::fs::write(&path, "代码,名称\n").unwrap();
        let refused = read_workbook(&path).unwrap_err();
        assert!(matches!(refused, WorkbookError::Unreadable(_)), "{refused}");
    }
}
