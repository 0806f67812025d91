//! Figures and words as people read them. Words are those of the catalogue.

use super::words::either;
use tocsin_alerts::lifecycle::{Cause, Status};

/// One unit of log-odds in micro-log-odds.
const MICRO: u64 = 1_000_000;

/// Every category: letter, Chinese, English.
pub(crate) const CATEGORIES: [(char, &str, &str); 9] = [
    ('A', "合规", "legality"),
    ('B', "利诱", "inducement"),
    ('C', "公开/社会", "reach"),
    ('D', "资金", "funds"),
    ('E', "投诉", "complaints"),
    ('F', "实质", "substance"),
    ('G', "关联", "network"),
    ('H', "兑付/逃匿", "distress"),
    ('R', "登记背景", "registry"),
];

/// The name of a category letter in the reader's language.
pub(crate) fn category(letter: char) -> &'static str {
    let found = CATEGORIES.iter().find(|(known, ..)| *known == letter);
    found.map_or("", |(_, chinese, english)| either(chinese, english))
}

/// Why it happened, in words of the catalogue.
pub(crate) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Evidence => "new records",
        Cause::Withdrawal => "source corrected",
        Cause::Clock => "window ended",
        Cause::Model => "other model",
    }
}

/// Whether an alert goes on, in words of the catalogue.
pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Closed => "closed",
        Status::Retracted => "retracted",
    }
}

/// Centi-points as points: 6125 → `61.25`.
pub(crate) fn index(centi: u16) -> String {
    format!("{}.{:02}", centi / 100, centi % 100)
}

/// Micro-log-odds to the last digit, with sign: `+0.693147`, `−2.000000`.
pub(crate) fn log_odds(micro: i64) -> String {
    let sign = match micro {
        0 => "",
        1.. => "+",
        _ => "−",
    };
    let size = micro.unsigned_abs();
    format!("{sign}{}.{:06}", size / MICRO, size % MICRO)
}

/// Micro-log-odds to two digits, for lists: `+0.69`, `−2.00`.
pub(crate) fn short_log_odds(micro: i64) -> String {
    let sign = if micro < 0 { "−" } else { "+" };
    format!("{sign}{:.2}", micro.unsigned_abs() as f64 / MICRO as f64)
}

/// What stands in the place of a weight where a finding makes the level red.
pub(crate) const HARD_TRIGGER: &str = "hard trigger";

/// A probability in per cent, with as many digits as a small one needs.
pub(crate) fn per_cent(probability: f64) -> String {
    let per_cent = probability * 100.0;
    match per_cent {
        p if p > 99.99 => "> 99.99 %".to_owned(),
        p if p >= 10.0 => format!("{p:.1} %"),
        p if p >= 1.0 => format!("{p:.2} %"),
        p if p >= 0.0001 => format!("{p:.4} %"),
        _ => "< 0.0001 %".to_owned(),
    }
}

/// An instant in Shanghai to the second: `2025-03-17 09:30:00`.
pub(crate) fn clock(ms: i64) -> String {
    short_time(&crate::time::instant_text(ms))
}

/// The date and time of an RFC 3339 text, to the second.
pub(crate) fn short_time(instant: &str) -> String {
    instant.get(..19).unwrap_or(instant).replace('T', " ")
}

/// A number with a comma between thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

/// A text between tags or in a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_keep_every_digit() {
        assert_eq!(log_odds(693_147), "+0.693147");
        assert_eq!(log_odds(-2_000_001), "−2.000001");
        assert_eq!(log_odds(0), "0.000000");
        assert_eq!(
            [short_log_odds(1_800_000), short_log_odds(-4)],
            ["+1.80", "−0.00"]
        );
        assert_eq!(log_odds(i64::MIN), "−9223372036854.775808");
    }

    #[test]
    fn figures_are_short_and_exact() {
        assert_eq!(
            [index(6125), index(4), index(10_000)],
            ["61.25", "0.04", "100.00"]
        );
        assert_eq!(
            [count(0), count(999), count(1_234_567)],
            ["0", "999", "1,234,567"]
        );
        assert_eq!(per_cent(0.2), "20.0 %");
        assert_eq!(per_cent(0.000_25), "0.0250 %");
        assert_eq!(
            [per_cent(1e-9), per_cent(1.0 - 1e-9)],
            ["< 0.0001 %", "> 99.99 %"]
        );
        assert_eq!(clock(0), "1970-01-01 08:00:00");
        assert_eq!(short_time("odd"), "odd");
    }

    #[test]
    fn nothing_breaks_out_of_its_place() {
        assert_eq!(segment("a/b?c 企"), "a%2Fb%3Fc%20%E4%BC%81");
        assert_eq!(
            escape("<a href='x'>\"&"),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;"
        );
    }
}
