//! The organisation code of GB 11714: eight characters and a check character,
//! in use until 2015 and still found inside every unified social credit code.

use super::text::{half_width, trim};
use super::{Refusal, is_absent};
use crate::fact::{SubjectKey, SubjectKind};
use std::fmt;

const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
const ALLOWED: &str = "0-9 and A-Z";

/// A valid organisation code, without the hyphen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganisationCode {
    text: [u8; 9],
}

impl OrganisationCode {
    /// Reads a code, with or without a hyphen before the check character.
    pub fn parse(cell: &str) -> Result<OrganisationCode, Refusal> {
        let cell = trim(cell);
        if is_absent(cell) {
            return Err(Refusal::Absent);
        }
        let text = characters(cell)?;
        let (expected, found) = (check_character(&text), text[8]);
        if expected != found {
            return Err(Refusal::Check {
                expected: expected.into(),
                found: found.into(),
            });
        }
        Ok(OrganisationCode { text })
    }

    /// The nine characters, upper case.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The key of whatever enterprise this code means: the code itself, packed.
    pub fn key(&self) -> SubjectKey {
        let packed = self
            .text
            .iter()
            .fold(0, |packed, c| packed * 36 + u128::from(value(*c)));
        SubjectKey::new(SubjectKind::OrganisationCode, packed)
    }
}

impl fmt::Debug for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrganisationCode({})", self.as_str())
    }
}

/// Digits count as themselves, A as 10 and so on: here no letter is left out.
fn value(c: u8) -> u32 {
    char::from(c).to_digit(36).unwrap_or(0)
}

/// The check character of the first eight.
pub(super) fn check_character(text: &[u8; 9]) -> u8 {
    let weighted = text
        .iter()
        .zip(WEIGHTS)
        .map(|(c, weight)| value(*c) * weight);
    match 11 - weighted.sum::<u32>() % 11 {
        11 => b'0',
        10 => b'X',
        digit => b'0' + digit as u8,
    }
}

fn characters(cell: &str) -> Result<[u8; 9], Refusal> {
    let folded = || cell.chars().map(half_width);
    let hyphen = folded().nth(8) == Some('-');
    let length = folded().count();
    if length != if hyphen { 10 } else { 9 } {
        return Err(Refusal::Length {
            found: length,
            allowed: "9, or 10 with a hyphen before the last",
        });
    }
    let mut text = [0; 9];
    let kept = folded()
        .enumerate()
        .filter(|(index, _)| !(hyphen && *index == 8));
    for (place, (index, found)) in text.iter_mut().zip(kept) {
        let refusal = Refusal::Character {
            found,
            position: index + 1,
            allowed: ALLOWED,
        };
        *place = character(found).ok_or(refusal)?;
    }
    Ok(text)
}

fn character(found: char) -> Option<u8> {
    let c = found.to_ascii_uppercase();
    c.is_ascii_alphanumeric().then_some(c as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_code() {
        let code = OrganisationCode::parse("M000100Y4").unwrap();
        for cell in [
            "M000100Y-4",
            "m000100y4",
            "Ｍ０００１００Ｙ－４",
            " M000100Y4",
        ] {
            assert_eq!(OrganisationCode::parse(cell), Ok(code), "{cell:?}");
        }
        assert_eq!(code.as_str(), "M000100Y4");
        assert_eq!(code.key().kind(), SubjectKind::OrganisationCode);
    }

    #[test]
    fn check_characters_of_every_kind() {
        for code in ["MB151840X", "MA0000082", "D2143569X", "000000000"] {
            assert!(OrganisationCode::parse(code).is_ok(), "{code}");
        }
    }

    #[test]
    fn refused_with_the_reason() {
        let refusal = |cell| OrganisationCode::parse(cell).unwrap_err();
        assert_eq!(
            refusal("M000100Y5"),
            Refusal::Check {
                expected: '4',
                found: '5'
            }
        );
        assert_eq!(refusal("M000100Y").code(), "length");
        assert_eq!(refusal("M0001-0Y4").code(), "character");
        assert_eq!(refusal("-"), Refusal::Absent);
    }
}
