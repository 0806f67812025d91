//! The unified social credit code of GB 32100-2015: 18 characters, of which
//! the last checks the others, and the ninth to seventeenth are an organisation
//! code with a check of its own.
//!
//! A code whose inner check alone is wrong is accepted: such codes were issued.
//! Lower case and full-width characters are accepted and made normal.

use super::organisation;
use super::text::{half_width, trim};
use super::{Refusal, is_absent};
use crate::fact::{SubjectKey, SubjectKind};
use std::fmt;

/// The characters of a code, in the order of their values.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const ALLOWED: &str = "0-9 and A-Y without I, O, S, V";

/// 3^i mod 31.
const WEIGHTS: [u32; 17] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];

const NOT_A_VALUE: u8 = 255;
const VALUES: [u8; 128] = values();

const fn values() -> [u8; 128] {
    let mut values = [NOT_A_VALUE; 128];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
}

/// A valid unified social credit code in its normal form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uscc {
    text: [u8; 18],
}

impl Uscc {
    /// Reads a code; refuses wrong lengths, characters and check characters.
    pub fn parse(cell: &str) -> Result<Uscc, Refusal> {
        let cell = trim(cell);
        if is_absent(cell) {
            return Err(Refusal::Absent);
        }
        let text = characters(cell)?;
        let (expected, found) = (check_character(&text), text[17]);
        if expected != found {
            return Err(Refusal::Check {
                expected: expected.into(),
                found: found.into(),
            });
        }
        Ok(Uscc { text })
    }

    /// The 18 characters, upper case.
    pub fn as_str(&self) -> &str {
        // The characters are of the alphabet, hence ASCII.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Whether `cell`, which was read as this code, is not in its normal form
    /// (lower case, full-width, space around it).
    pub fn was_normalised(&self, cell: &str) -> bool {
        self.text != cell.as_bytes()
    }

    /// The organisation code inside, positions 9 to 17.
    pub fn organisation_code(&self) -> &str {
        &self.as_str()[8..17]
    }

    /// Whether the check of the organisation code inside holds.
    pub fn organisation_check_holds(&self) -> bool {
        let mut code = [0; 9];
        code.copy_from_slice(&self.text[8..17]);
        organisation::check_character(&code) == code[8]
    }

    /// The first 17 characters as digits of base 31; the check follows from them.
    pub fn packed(&self) -> u128 {
        // 31¹² fits a machine word, 31¹⁷ does not. Three numbers of six and five
        // digits are made beside each other.
        let word = |text: &[u8]| {
            let digits = text.iter();
            digits.fold(0, |packed: u64, c| packed * 31 + u64::from(value(*c)))
        };
        let text = &self.text;
        let high = word(&text[..6]) * 31_u64.pow(6) + word(&text[6..12]);
        u128::from(high) * u128::from(31_u64.pow(5)) + u128::from(word(&text[12..17]))
    }

    /// The code that was packed into a number, if one was.
    pub fn unpack(packed: u128) -> Option<Uscc> {
        let mut text = [0; 18];
        let mut rest = packed;
        for place in text[..17].iter_mut().rev() {
            *place = ALPHABET[(rest % 31) as usize];
            rest /= 31;
        }
        text[17] = check_character(&text);
        (rest == 0).then_some(Uscc { text })
    }

    /// The key of the enterprise with this code.
    pub fn key(&self) -> SubjectKey {
        SubjectKey::new(SubjectKind::EnterpriseCode, self.packed())
    }

    /// The code that a key was made of; none for keys of other kinds.
    pub fn from_key(key: SubjectKey) -> Option<Uscc> {
        Uscc::unpack(key.payload()).filter(|code| code.key() == key)
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uscc({self})")
    }
}

/// The value of a character of the alphabet.
fn value(c: u8) -> u8 {
    VALUES[usize::from(c & 127)]
}

/// The 18 characters of a cell in normal form.
fn characters(cell: &str) -> Result<[u8; 18], Refusal> {
    // As nearly all are written.
    if let Ok(text) = <[u8; 18]>::try_from(cell.as_bytes())
        && text
            .iter()
            .all(|c| c.is_ascii() && value(*c) != NOT_A_VALUE)
    {
        return Ok(text);
    }
    let mut text = [0; 18];
    let length = cell.chars().count();
    if length != text.len() {
        return Err(Refusal::Length {
            found: length,
            allowed: "18",
        });
    }
    for (index, (place, found)) in text.iter_mut().zip(cell.chars()).enumerate() {
        *place = character(found).ok_or(Refusal::Character {
            found,
            position: index + 1,
            allowed: ALLOWED,
        })?;
    }
    Ok(text)
}

fn character(found: char) -> Option<u8> {
    let c = u8::try_from(half_width(found)).ok()?.to_ascii_uppercase();
    (c.is_ascii() && value(c) != NOT_A_VALUE).then_some(c)
}

/// The check character of the first 17.
fn check_character(text: &[u8; 18]) -> u8 {
    let weighted = text
        .iter()
        .zip(WEIGHTS)
        .map(|(c, weight)| u32::from(value(*c)) * weight);
    let sum: u32 = weighted.sum();
    ALPHABET[((31 - sum % 31) % 31) as usize]
}

#[cfg(test)]
mod tests;
