//! How a source's CSV files are written, as its declaration says.

use super::{Encoding, FileError};

/// Encoding and delimiter. The quote is `"`, doubled inside quotes; lines end
/// with LF or CRLF; the first line names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvOptions {
    /// How characters are written.
    pub encoding: Encoding,
    /// What parts fields: one ASCII character.
    pub delimiter: u8,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            encoding: Encoding::Utf8,
            delimiter: b',',
        }
    }
}

impl CsvOptions {
    /// Whether files can be read like this: the delimiter must be a printable
    /// ASCII character or a tab, and neither quote, letter nor digit; and in
    /// GB18030 below `@`, because from there on it may be half a character.
    pub fn check(&self) -> Result<(), FileError> {
        let readable = self.delimiter == b'\t'
            || self.delimiter == b' '
            || self.delimiter.is_ascii_punctuation();
        let half = self.encoding == Encoding::Gb18030 && self.delimiter >= b'@';
        if !readable || half || self.delimiter == b'"' {
            let (delimiter, encoding) = (char::from(self.delimiter), self.encoding.name());
            return Err(FileError::Delimiter {
                delimiter,
                encoding,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        for (encoding, delimiter, good) in [
            (Encoding::Utf8, b',', true),
            (Encoding::Utf8, b'|', true),
            (Encoding::Utf8, b'\t', true),
            (Encoding::Gb18030, b'\t', true),
            (Encoding::Gb18030, b';', true),
            (Encoding::Gb18030, b'|', false),
            (Encoding::Utf8, b'"', false),
            (Encoding::Utf8, b'\n', false),
            (Encoding::Utf8, b'a', false),
            (Encoding::Utf8, 0xEF, false),
        ] {
            assert_eq!(
                CsvOptions {
                    encoding,
                    delimiter
                }
                .check()
                .is_ok(),
                good,
                "{delimiter}"
            );
        }
    }
}
