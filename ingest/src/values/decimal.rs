//! Decimal numbers as written, held exactly: digits and the place of the point.
//!
//! Understands signs, full-width digits, thousands separators in groups of
//! three, fractions and exponents. Shared by money, integers and numbers.

use super::Refusal;
use super::text::half_width;

/// More significant digits than this are refused: 10^36 fits a `u128`, and so
/// does its product with 100.
const MAX_DIGITS: u32 = 36;
const TOO_LONG: Refusal = Refusal::Range {
    allowed: "36 digits",
};
const NO_NUMBER: Refusal = Refusal::Syntax {
    allowed: "a number such as 1,234.5",
};

/// `digits` × 10^-`scale`, negated where `negative`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    pub(super) digits: u128,
    pub(super) scale: i32,
}

impl Decimal {
    /// Reads the number that `text` begins with, and returns what follows it.
    pub(super) fn scan(text: &str) -> Result<(Decimal, &str), Refusal> {
        let mut reader = Reader::new(text);
        let negative = reader.sign();
        let whole = reader.whole()?;
        let fraction = reader.fraction()?;
        if whole + fraction == 0 {
            return Err(NO_NUMBER);
        }
        let exponent = reader.exponent();
        let scale = fraction as i32 - exponent;
        Ok((
            Decimal {
                negative,
                digits: reader.digits,
                scale,
            },
            reader.rest,
        ))
    }

    /// Reads a text that is a number and nothing else.
    pub(super) fn parse(text: &str) -> Result<Decimal, Refusal> {
        match Decimal::scan(text)? {
            (number, "") => Ok(number),
            _ => Err(NO_NUMBER),
        }
    }

    /// The value × 10^`power` if that is a whole number.
    pub(super) fn exactly(self, power: i32) -> Option<i64> {
        let shift = power - self.scale;
        if shift >= 0 {
            return self.signed(self.digits.checked_mul(power_of_ten(shift)?)?);
        }
        let divisor = power_of_ten(-shift);
        let divides = divisor.is_some_and(|divisor| self.digits.is_multiple_of(divisor));
        match (self.digits, divisor) {
            (0, _) => Some(0),
            (digits, Some(divisor)) if divides => self.signed(digits / divisor),
            _ => None,
        }
    }

    /// The value × 10^`power`, halves away from zero; none when out of range.
    pub(super) fn rounded(self, power: i32) -> Option<i64> {
        let shift = power - self.scale;
        if shift >= 0 || self.digits == 0 {
            return self.exactly(power);
        }
        match power_of_ten(-shift) {
            Some(divisor) => self.signed(self.digits.checked_add(divisor / 2)? / divisor),
            None => Some(0),
        }
    }

    fn signed(self, magnitude: u128) -> Option<i64> {
        let magnitude = i64::try_from(magnitude).ok()?;
        Some(if self.negative { -magnitude } else { magnitude })
    }
}

/// 10^`power` if it fits.
fn power_of_ten(power: i32) -> Option<u128> {
    10u128.checked_pow(u32::try_from(power).ok()?)
}

/// Eats characters from the front, gathering digits.
struct Reader<'a> {
    rest: &'a str,
    digits: u128,
    significant: u32,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Reader {
            rest: text,
            digits: 0,
            significant: 0,
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next().map(half_width)
    }

    fn step(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    fn sign(&mut self) -> bool {
        let sign = self.peek();
        if matches!(sign, Some('-' | '+')) {
            self.step();
        }
        sign == Some('-')
    }

    /// The next digit, if the next character is one.
    fn digit(&mut self) -> Option<u32> {
        let digit = self.peek()?.to_digit(10)?;
        self.step();
        Some(digit)
    }

    fn push(&mut self, digit: u32) -> Result<(), Refusal> {
        self.digits = self.digits * 10 + u128::from(digit);
        self.significant += u32::from(self.digits != 0);
        if self.significant > MAX_DIGITS {
            Err(TOO_LONG)
        } else {
            Ok(())
        }
    }

    /// Digits before the point, with or without separators; how many.
    fn whole(&mut self) -> Result<usize, Refusal> {
        let mut group = self.group()?;
        let mut count = group;
        let grouped = self.peek() == Some(',');
        if grouped && !(1..=3).contains(&group) {
            return Err(Refusal::Grouping);
        }
        while self.peek() == Some(',') {
            self.step();
            group = self.group()?;
            count += group;
            if group != 3 {
                return Err(Refusal::Grouping);
            }
        }
        Ok(count)
    }

    /// A run of digits; how many.
    fn group(&mut self) -> Result<usize, Refusal> {
        let mut count = 0;
        while let Some(digit) = self.digit() {
            self.push(digit)?;
            count += 1;
        }
        Ok(count)
    }

    /// Digits after the point, if there is one; how many.
    fn fraction(&mut self) -> Result<usize, Refusal> {
        if self.peek() != Some('.') {
            return Ok(0);
        }
        self.step();
        self.group()
    }

    /// The exponent if one follows; an `E` of something else is left alone.
    fn exponent(&mut self) -> i32 {
        let before = self.rest;
        if !matches!(self.peek(), Some('e' | 'E')) {
            return 0;
        }
        self.step();
        let negative = self.sign();
        let Some(mut power) = self.digit() else {
            self.rest = before;
            return 0;
        };
        while let Some(digit) = self.digit() {
            power = (power * 10 + digit).min(10_000);
        }
        if negative {
            -(power as i32)
        } else {
            power as i32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, cents: Option<i64>) {
        assert_eq!(
            Decimal::parse(text).ok().and_then(|d| d.exactly(2)),
            cents,
            "{text:?}"
        );
    }

    #[test]
    fn reads_what_people_write() {
        check("5", Some(500));
        check("-5.25", Some(-525));
        check("+1,234,567.8", Some(123_456_780));
        check("１，２３４．５", Some(123_450));
        check(".5", Some(50));
        check("5.", Some(500));
        check("1.5E+03", Some(150_000));
        check("25e-2", Some(25));
        check("0.00000000000000000000000000000000000000000", Some(0));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "-", ".", "e5", "1 2", "1.234", "1e400", "1e-400", "--1"] {
            check(text, None);
        }
        for text in ["1,23", "1234,567", ",123", "1,234,", "1,,234"] {
            assert_eq!(Decimal::parse(text), Err(Refusal::Grouping), "{text:?}");
        }
        let long = "1".repeat(37);
        assert_eq!(Decimal::parse(&long), Err(TOO_LONG));
    }

    #[test]
    fn leaves_what_follows() {
        let (number, rest) = Decimal::scan("12.5EUR").unwrap();
        assert_eq!((number.exactly(1), rest), (Some(125), "EUR"));
    }

    #[test]
    fn rounds_halves_away_from_zero() {
        for (text, cents) in [
            ("0.005", 1),
            ("-0.005", -1),
            ("0.0049999", 0),
            ("7654000.000000002", 765_400_000),
            ("1e-300", 0),
        ] {
            assert_eq!(
                Decimal::parse(text).unwrap().rounded(2),
                Some(cents),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn written_integers_are_read_back(n in any::<i32>()) {
            prop_assert_eq!(Decimal::parse(&n.to_string()).unwrap().exactly(0), Some(i64::from(n)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Decimal::parse(&text).map(|d| (d.exactly(2), d.rounded(6)));
        }
    }
}
