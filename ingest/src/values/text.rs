//! Text as agencies type it: full-width characters and odd spaces made plain.
//!
//! Clean text is borrowed; only text that changes is copied.

use std::borrow::Cow;

/// The half-width twin of a full-width character, or the character itself.
///
/// Folds U+FF01–U+FF5E (digits, letters, punctuation, brackets), `￥`, and the
/// ideographic and no-break spaces.
pub fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' | '\u{A0}' => ' ',
        '\u{FFE5}' => '¥',
        _ => c,
    }
}

/// Whether a character shows nothing: white space, byte order marks and
/// zero-width characters that spreadsheets leave behind.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}')
}

/// The text without blank characters around it.
pub fn trim(text: &str) -> &str {
    match text.as_bytes() {
        // By far the commonest: nothing to look for.
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim_matches(is_blank),
    }
}

/// The text with full-width characters made half-width.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || text.chars().all(|c| half_width(c) == c) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(half_width).collect())
    }
}

/// The text trimmed and folded: how values of text columns are compared.
pub fn clean(text: &str) -> Cow<'_, str> {
    fold(trim(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected, "{text:?}");
    }

    #[test]
    fn folds_width_and_trims() {
        check("１２３ＡＢｃ", "123ABc");
        check("深圳（南山）", "深圳(南山)");
        check("　有　限 ", "有 限");
        check("\u{feff}甲\u{200b}", "甲");
        check("￥５，０００．５", "¥5,000.5");
        check("、。《》", "、。《》");
        check("", "");
    }

    #[test]
    fn clean_text_is_borrowed() {
        for text in ["abc", "深圳市(南山)有限公司", " 甲 "] {
            assert!(matches!(clean(text), Cow::Borrowed(_)), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert_eq!(clean(&once), once.as_str());
        }
    }
}
