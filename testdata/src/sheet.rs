//! One file being delivered: rows as the agency writes them, with the dirt that
//! agencies' files have.
//!
//! Of a thousand rows a few are followed by a broken one (wrong check digit,
//! impossible date, a field too few): the engine must reject exactly those. The
//! other dirt (lower case, old numbers, full-width digits) must be understood.

use encoding_rs::GB18030;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::chance;
use crate::words::full_width;

/// How a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// With a byte order mark, as spreadsheets save it.
    Utf8Bom,
    Gb18030,
}

/// What a source's files look like.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Folder of the files: `agency/resource`.
    pub(crate) folder: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) encoding: Encoding,
    /// Column of the credit code, if it has one.
    pub(crate) code: Option<usize>,
    /// Column of a date that every row must have.
    pub(crate) date: Option<usize>,
    /// Column of an amount.
    pub(crate) amount: Option<usize>,
}

const BROKEN_PPM: u32 = 3_000;
const LOWER_CASE_PPM: u32 = 5_000;
const FULL_WIDTH_PPM: u32 = 10_000;

/// Rows of one file.
#[derive(Debug)]
pub(crate) struct Sheet {
    layout: &'static Layout,
    text: String,
}

impl Sheet {
    pub(crate) fn new(layout: &'static Layout, with_header: bool) -> Sheet {
        let mut sheet = Sheet {
            layout,
            text: String::new(),
        };
        if with_header {
            sheet.write(layout.columns.iter().copied());
        }
        sheet
    }

    /// Adds a row, in the state in which agencies deliver rows.
    pub(crate) fn put(&mut self, rng: &mut ChaCha8Rng, mut fields: Vec<String>) {
        debug_assert_eq!(
            fields.len(),
            self.layout.columns.len(),
            "{}",
            self.layout.folder
        );
        if let Some(code) = self.layout.code.filter(|_| chance(rng, LOWER_CASE_PPM)) {
            fields[code] = fields[code].to_lowercase();
        }
        if let Some(amount) = self.layout.amount.filter(|_| chance(rng, FULL_WIDTH_PPM)) {
            fields[amount] = full_width(&fields[amount]);
        }
        self.write(fields.iter().map(String::as_str));
        if chance(rng, BROKEN_PPM) {
            self.put_broken(rng, fields);
        }
    }

    /// Adds a row exactly as it is.
    pub(crate) fn put_clean(&mut self, fields: &[String]) {
        self.write(fields.iter().map(String::as_str));
    }

    /// Adds a row that nobody can accept: another record with one fault.
    fn put_broken(&mut self, rng: &mut ChaCha8Rng, mut fields: Vec<String>) {
        let layout = self.layout;
        if layout.code != Some(0) {
            fields[0].push('X');
        }
        match (rng.gen_range(0..3u32), layout.code, layout.date) {
            (0, Some(code), _) if fields[code].len() == 18 => {
                fields[code] = crate::code::wrong_check(&fields[code].to_uppercase());
            }
            (1, _, Some(date)) => fields[date] = "2025-02-30".to_owned(),
            _ => drop(fields.pop()),
        }
        self.write(fields.iter().map(String::as_str));
    }

    fn write<'a>(&mut self, fields: impl Iterator<Item = &'a str>) {
        for (at, field) in fields.enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            if field.contains([',', '"', '\n']) {
                self.text.push('"');
                self.text.push_str(&field.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(field);
            }
        }
        self.text.push('\n');
    }

    /// The bytes of these rows; `opens` when they begin the file.
    pub(crate) fn into_bytes(self, opens: bool) -> Vec<u8> {
        match self.layout.encoding {
            Encoding::Utf8 => self.text.into_bytes(),
            Encoding::Utf8Bom if opens => format!("\u{feff}{}", self.text).into_bytes(),
            Encoding::Utf8Bom => self.text.into_bytes(),
            Encoding::Gb18030 => GB18030.encode(&self.text).0.into_owned(),
        }
    }
}
