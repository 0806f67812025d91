//! Character encodings that agencies deliver: UTF-8 and GB18030.
//!
//! In both, no byte of a longer character equals a comma, quote or line end,
//! so records are parsed from the original bytes and decoded field by field:
//! positions mean the original file.

use encoding_rs::{DecoderResult, GB18030};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How a file writes characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// UTF-8; a byte order mark at the beginning is skipped.
    #[default]
    #[serde(rename = "utf-8", alias = "utf8")]
    Utf8,
    /// GB18030, which includes GBK and GB 2312.
    Gb18030,
}

impl Encoding {
    /// The name as configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Gb18030 => "gb18030",
        }
    }

    /// Appends the characters of `bytes` to `text`; none if a byte is not of
    /// this encoding (`text` may then hold the characters before it).
    pub(super) fn decode_into(self, bytes: &[u8], text: &mut String) -> Option<()> {
        if self == Encoding::Utf8 || bytes.is_ascii() {
            text.push_str(simdutf8::basic::from_utf8(bytes).ok()?);
            return Some(());
        }
        let mut decoder = GB18030.new_decoder_without_bom_handling();
        text.reserve(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, text, true);
        (result == DecoderResult::InputEmpty).then_some(())
    }

    /// Where in `bytes` the first byte stands that is not of this encoding.
    pub(super) fn first_invalid(self, bytes: &[u8]) -> Option<usize> {
        if self == Encoding::Utf8 {
            return std::str::from_utf8(bytes)
                .err()
                .map(|error| error.valid_up_to());
        }
        let mut decoder = GB18030.new_decoder_without_bom_handling();
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len())?;
        let mut scratch = String::with_capacity(room);
        match decoder.decode_to_string_without_replacement(bytes, &mut scratch, true) {
            (DecoderResult::Malformed(length, after), read) => {
                Some(read.saturating_sub(usize::from(length) + usize::from(after)))
            }
            _ => None,
        }
    }

    /// The characters of `bytes`, with `�` for what is none: for people to see.
    pub(super) fn decode_lossy(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Encoding::Utf8 => String::from_utf8_lossy(bytes),
            Encoding::Gb18030 => GB18030.decode_without_bom_handling(bytes).0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(encoding: Encoding, bytes: &[u8]) -> Option<String> {
        let mut text = String::from("x");
        encoding
            .decode_into(bytes, &mut text)
            .map(|()| text[1..].to_owned())
    }

    #[test]
    fn gb18030_in_two_and_four_bytes() {
        assert_eq!(
            decode(Encoding::Gb18030, b"\xc9\xee\xdb\xdaA").as_deref(),
            Some("深圳A")
        );
        assert_eq!(
            decode(Encoding::Gb18030, b"\x82\x35\x8f\x33").as_deref(),
            Some("\u{9FA6}")
        );
    }

    #[test]
    fn the_first_bad_byte_is_named() {
        for (encoding, bytes, at) in [
            (Encoding::Utf8, &b"ab\xffc"[..], Some(2)),
            (Encoding::Utf8, "深圳".as_bytes(), None),
            (Encoding::Gb18030, b"\xc9\xee\xff,", Some(2)),
            (Encoding::Gb18030, b"a\xc9,b", Some(1)),
            (Encoding::Gb18030, b"\xc9\xee\xc9", Some(2)),
            (Encoding::Gb18030, b"\xc9\xee", None),
        ] {
            assert_eq!(encoding.first_invalid(bytes), at, "{bytes:?}");
        }
        assert_eq!(decode(Encoding::Gb18030, b"a\xc9"), None);
        assert_eq!(decode(Encoding::Utf8, b"a\xc9"), None);
    }
}
