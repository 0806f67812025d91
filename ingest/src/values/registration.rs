//! Business registration numbers from before the unified social credit code:
//! 15 digits, of which the last is a check (GS 15-2006), or 13 without one.
//!
//! A wrong check digit is not refused: old numbers were typed by hand, and as
//! aliases they only ever meet the same number typed elsewhere.

use super::text::{half_width, trim};
use super::{Refusal, is_absent};
use crate::fact::{SubjectKey, SubjectKind};

/// A registration number: its digits and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationNumber {
    length: u8,
    digits: u64,
}

impl RegistrationNumber {
    /// Reads a number of 15 or 13 digits.
    pub fn parse(cell: &str) -> Result<RegistrationNumber, Refusal> {
        let cell = trim(cell);
        if is_absent(cell) {
            return Err(Refusal::Absent);
        }
        let length = cell.chars().count();
        if length != 15 && length != 13 {
            return Err(Refusal::Length {
                found: length,
                allowed: "15 or 13",
            });
        }
        let mut digits = 0;
        for (index, found) in cell.chars().enumerate() {
            let digit = half_width(found).to_digit(10);
            let refusal = Refusal::Character {
                found,
                position: index + 1,
                allowed: "0-9",
            };
            digits = digits * 10 + u64::from(digit.ok_or(refusal)?);
        }
        Ok(RegistrationNumber {
            length: length as u8,
            digits,
        })
    }

    /// The digits.
    pub fn text(&self) -> String {
        format!("{:0width$}", self.digits, width = usize::from(self.length))
    }

    /// Whether the check digit holds (ISO 7064 MOD 11,10); 13 digits have none.
    pub fn check_holds(&self) -> bool {
        self.length == 13 || check_digit(self.digits / 10) == self.digits % 10
    }

    /// The key of whatever enterprise this number means: the number itself, with
    /// its length, for a leading zero counts.
    pub fn key(&self) -> SubjectKey {
        let packed = u128::from(self.length) << 64 | u128::from(self.digits);
        SubjectKey::new(SubjectKind::RegistrationNumber, packed)
    }
}

/// The check digit of 14 digits.
fn check_digit(digits: u64) -> u64 {
    let product = (0..14).rev().fold(10, |product, place| {
        let sum = (product + digits / 10u64.pow(place)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_lengths() {
        for (cell, text) in [
            ("110108000000016", "110108000000016"),
            ("０10108000000016", "010108000000016"),
            (" 1234567890123 ", "1234567890123"),
        ] {
            assert_eq!(RegistrationNumber::parse(cell).unwrap().text(), text);
        }
    }

    #[test]
    fn the_check_digit_is_known_but_not_required() {
        let holds = |cell: &str| RegistrationNumber::parse(cell).unwrap().check_holds();
        assert!(holds("110108000000016"));
        assert!(
            (0..10)
                .filter(|digit| holds(&format!("11010800000001{digit}")))
                .count()
                == 1
        );
        assert!(!holds("110108000000015"));
        assert!(holds("1101080000000"));
    }

    #[test]
    fn a_leading_zero_makes_another_number() {
        let key = |cell| RegistrationNumber::parse(cell).unwrap().key();
        assert_ne!(key("001108000000016"), key("1108000000016"));
        assert_eq!(key("１１０108000000016"), key("110108000000016"));
    }

    #[test]
    fn refused_with_the_reason() {
        let refusal = |cell| RegistrationNumber::parse(cell).unwrap_err();
        assert_eq!(
            refusal("12345678"),
            Refusal::Length {
                found: 8,
                allowed: "15 or 13"
            }
        );
        assert_eq!(
            refusal("11010800000001X"),
            Refusal::Character {
                found: 'X',
                position: 15,
                allowed: "0-9"
            }
        );
        assert_eq!(refusal("无"), Refusal::Absent);
    }
}
