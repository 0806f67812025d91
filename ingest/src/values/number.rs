//! Integers, finite numbers and booleans.

use super::Refusal;
use super::absent::is_absent;
use super::decimal::Decimal;
use super::text::{clean, trim};

const INTEGER: Refusal = Refusal::Syntax {
    allowed: "an integer such as 5, 5.0 or 1,234",
};
const INTEGER_RANGE: Refusal = Refusal::Range {
    allowed: "integers of 64 bits",
};
const NUMBER: Refusal = Refusal::Syntax {
    allowed: "a finite number such as -1,234.5",
};
const BOOLEAN: Refusal = Refusal::Syntax {
    allowed: "1/0, true/false, 是/否, Y/N",
};

/// Up to these, digits and powers of ten are exact in an `f64`, and so is the
/// rounding of their quotient.
const EXACT_DIGITS: u128 = 1 << 53;
const EXACT_POWER: i32 = 22;

/// Reads a whole number; `5.0` is one, `5.5` is refused.
pub fn integer(cell: &str) -> Result<i64, Refusal> {
    let text = trim(cell);
    match text.parse() {
        Ok(value) => Ok(value),
        Err(_) if is_absent(text) => Err(Refusal::Absent),
        Err(_) => decimal_integer(text),
    }
}

fn decimal_integer(text: &str) -> Result<i64, Refusal> {
    let decimal = Decimal::parse(text).map_err(|refusal| or(refusal, INTEGER))?;
    decimal.exactly(0).ok_or(match decimal.rounded(0) {
        Some(_) => INTEGER,
        None => INTEGER_RANGE,
    })
}

/// Reads a finite number; NaN and infinities are refused, however written.
pub fn number(cell: &str) -> Result<f64, Refusal> {
    let text = trim(cell);
    if is_plain(text) {
        return text
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
            .ok_or(NUMBER);
    }
    if is_absent(text) {
        return Err(Refusal::Absent);
    }
    decimal_number(text)
}

/// Whether the standard parser may have it: no letters beside an exponent, so
/// that `inf` and `nan` do not pass.
fn is_plain(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E');
    text.bytes().all(plain) && text.bytes().any(|b| b.is_ascii_digit())
}

fn decimal_number(text: &str) -> Result<f64, Refusal> {
    let decimal = Decimal::parse(text).map_err(|refusal| or(refusal, NUMBER))?;
    if decimal.digits <= EXACT_DIGITS && (0..=EXACT_POWER).contains(&decimal.scale) {
        let magnitude = decimal.digits as f64 / 10f64.powi(decimal.scale);
        return Ok(if decimal.negative {
            -magnitude
        } else {
            magnitude
        });
    }
    let plain: String = clean(text).chars().filter(|c| *c != ',').collect();
    plain
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or(NUMBER)
}

/// Reads a yes or a no; `1.0` and `0.0` are what tables of floats make of them.
pub fn boolean(cell: &str) -> Result<bool, Refusal> {
    const YES: [&str; 7] = ["1", "true", "是", "y", "yes", "t", "1.0"];
    const NO: [&str; 7] = ["0", "false", "否", "n", "no", "f", "0.0"];
    let text = clean(cell);
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    if YES.iter().any(is) {
        Ok(true)
    } else if NO.iter().any(is) {
        Ok(false)
    } else if is_absent(&text) {
        Err(Refusal::Absent)
    } else {
        Err(BOOLEAN)
    }
}

/// Says what this column allows where the shared scanner only knows "a number".
fn or(refusal: Refusal, wanted: Refusal) -> Refusal {
    match refusal {
        Refusal::Syntax { .. } => wanted,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers() {
        for (cell, value) in [
            ("5", 5),
            ("5.0", 5),
            ("１２", 12),
            ("1,234", 1234),
            (" -7 ", -7),
            ("1234.0", 1234),
            ("1e3", 1000),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(integer(cell), Ok(value), "{cell:?}");
        }
    }

    #[test]
    fn not_integers() {
        for (cell, refusal) in [
            ("5.5", INTEGER),
            ("1e", INTEGER),
            ("五", INTEGER),
            ("12人", INTEGER),
            ("1,23", Refusal::Grouping),
            ("9223372036854775808", INTEGER_RANGE),
            ("", Refusal::Absent),
            ("N/A", Refusal::Absent),
        ] {
            assert_eq!(integer(cell), Err(refusal), "{cell:?}");
        }
    }

    #[test]
    fn numbers() {
        for (cell, value) in [
            ("0.1", 0.1),
            ("-1,234.5", -1234.5),
            ("１．５", 1.5),
            ("1e-7", 1e-7),
            ("123,456,789,012,345,678.9", 123456789012345678.9),
        ] {
            assert_eq!(number(cell), Ok(value), "{cell:?}");
        }
    }

    #[test]
    fn not_numbers() {
        for cell in [
            "nan",
            "NaN",
            "inf",
            "-Infinity",
            "1e999",
            "1,000e999",
            "12%",
            "1-2",
            "e",
        ] {
            assert_eq!(number(cell), Err(NUMBER), "{cell:?}");
        }
        assert_eq!(number(" "), Err(Refusal::Absent));
        assert_eq!(number("-"), Err(Refusal::Absent));
    }

    #[test]
    fn booleans() {
        for cell in ["1", "true", "TRUE", "是", "Y", "１", "1.0"] {
            assert_eq!(boolean(cell), Ok(true), "{cell:?}");
        }
        for cell in ["0", "False", "否", "n", "0.0"] {
            assert_eq!(boolean(cell), Ok(false), "{cell:?}");
        }
        assert_eq!(boolean("2"), Err(BOOLEAN));
        assert_eq!(boolean(""), Err(Refusal::Absent));
    }

    proptest! {
        #[test]
        fn floats_survive(value in proptest::num::f64::NORMAL) {
            prop_assert_eq!(number(&value.to_string()), Ok(value));
        }

        #[test]
        fn full_width_and_grouped_read_the_same(n in 0i64..1_000_000_000) {
            let wide: String = n.to_string().chars().map(|c| char::from_u32(c as u32 + 0xFEE0).unwrap()).collect();
            prop_assert_eq!(integer(&wide), Ok(n));
            prop_assert_eq!(number(&wide), Ok(n as f64));
        }
    }
}
