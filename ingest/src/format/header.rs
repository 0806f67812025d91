//! The line that names the columns.

use super::record::{RecordScanner, first_line};
use super::{CsvOptions, Encoding, FileError};
use crate::values::text::trim;

/// So much of a header line is looked at to tell a binary file.
pub(super) const SNIFF: usize = 8 << 10;

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Refuses what can't be the beginning of a text file: a zero byte, or more than
/// one control byte in ten, within the first line's first [`SNIFF`] bytes.
pub(super) fn refuse_binary(start: &[u8], byte: u64) -> Result<(), FileError> {
    let line = &start[..first_line(start)];
    let head = &line[..line.len().min(SNIFF)];
    let control = |b: &u8| b.is_ascii_control() && !matches!(b, b'\t' | b'\r' | b'\n');
    let count = head.iter().filter(|b| control(b)).count();
    let culprit = match head.iter().position(|b| *b == 0) {
        None if count * 10 > head.len() => head.iter().position(control),
        zero => zero,
    };
    match culprit {
        Some(at) => Err(FileError::Binary {
            byte: byte + at as u64,
            value: head[at],
        }),
        None => Ok(()),
    }
}

/// The length of the byte order mark that a file begins with.
pub(super) fn byte_order_mark(start: &[u8], encoding: Encoding) -> Result<usize, FileError> {
    match (start.starts_with(UTF8_MARK), encoding) {
        (false, _) => Ok(0),
        (true, Encoding::Utf8) => Ok(UTF8_MARK.len()),
        (true, Encoding::Gb18030) => Err(FileError::ByteOrderMark),
    }
}

/// The names in the header `line`, which begins at `byte` of the file.
pub(super) fn parse(
    scanner: &mut RecordScanner,
    line: &[u8],
    number: u64,
    byte: u64,
    options: CsvOptions,
) -> Result<Vec<String>, FileError> {
    let encoding = options.encoding;
    let fields = scanner
        .fields(line)
        .ok_or(FileError::HeaderQuote { line: number })?;
    let mut names = Vec::with_capacity(fields.len());
    for field in fields {
        let mut name = String::new();
        encoding.decode_into(&field, &mut name).ok_or_else(|| {
            let at = byte + encoding.first_invalid(line).unwrap_or(0) as u64;
            FileError::HeaderEncoding {
                encoding: encoding.name(),
                byte: at,
            }
        })?;
        names.push(trim(&name).to_owned());
    }
    refuse_duplicates(&names)?;
    Ok(names)
}

fn refuse_duplicates(names: &[String]) -> Result<(), FileError> {
    for (index, name) in names.iter().enumerate() {
        if let Some(first) = names[..index].iter().position(|other| other == name) {
            let (first, second) = (first + 1, index + 1);
            return Err(FileError::DuplicateColumn {
                name: name.clone(),
                first,
                second,
            });
        }
    }
    Ok(())
}
