//! How a row becomes bytes, and how files begin.

use encoding_rs::{CoderResult, GB18030};
use serde::Deserialize;

use super::feed::{Feed, Form};
use super::row::Fields;

/// How a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// With a byte order mark, as spreadsheets save it.
    #[serde(rename = "utf-8-bom")]
    Utf8Bom,
    Gb18030,
}

/// What ends a file's name.
pub(crate) fn extension(form: Form) -> &'static str {
    match form {
        Form::Csv => "csv",
        Form::Xlsx => "xlsx",
    }
}

/// Between the fields of a workbook's row while it waits.
pub(super) const SEPARATOR: char = '\u{1f}';

/// The bytes with which a feed's text file begins.
pub(crate) fn opening(feed: &Feed) -> Vec<u8> {
    let mut bytes = Vec::new();
    if feed.encoding == Encoding::Utf8Bom {
        bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut header = Fields::default();
    for column in &feed.columns {
        header.text.push_str(&column.header);
        header.end();
    }
    write(feed, &header, &mut String::new(), &mut bytes);
    bytes
}

/// Appends a row as the feed's files have it. `line` is scratch.
pub(super) fn write(feed: &Feed, fields: &Fields, line: &mut String, bytes: &mut Vec<u8>) {
    line.clear();
    let book = feed.form == Form::Xlsx;
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            line.push(if book { SEPARATOR } else { ',' });
        }
        if !book && field.contains([',', '"', '\n']) {
            line.push('"');
            line.push_str(&field.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(field);
        }
    }
    line.push_str(if feed.crlf && !book { "\r\n" } else { "\n" });
    if feed.encoding == Encoding::Gb18030 && !book {
        encode(line, bytes);
    } else {
        bytes.extend_from_slice(line.as_bytes());
    }
}

/// GB18030 has every character, in four bytes at most.
fn encode(line: &str, bytes: &mut Vec<u8>) {
    bytes.reserve(line.len() * 2 + 16);
    let (result, _, _) = GB18030
        .new_encoder()
        .encode_from_utf8_to_vec(line, bytes, true);
    debug_assert_eq!(result, CoderResult::InputEmpty);
}
