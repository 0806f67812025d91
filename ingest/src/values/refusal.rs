//! Why a value was refused: plain data without allocation, so that a column
//! full of bad values costs no more than a column of good ones.
//!
//! The text does not repeat the value: whoever reports it holds the cell.

use thiserror::Error;

/// The reason why a cell is not a value of its declared type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Empty, or a placeholder for "nothing": null rather than wrong.
    #[error("no value")]
    Absent,
    /// Wrong number of characters.
    #[error("{found} characters, allowed: {allowed}")]
    Length {
        /// Characters found after trimming.
        found: usize,
        /// The lengths that are allowed.
        allowed: &'static str,
    },
    /// A character that must not stand there.
    #[error("character `{found}` at position {position}, allowed: {allowed}")]
    Character {
        /// The character as written.
        found: char,
        /// Its position, counted in characters from 1.
        position: usize,
        /// What may stand there.
        allowed: &'static str,
    },
    /// The check character does not fit the others.
    #[error("check character `{found}`, expected `{expected}`")]
    Check {
        /// What the other characters ask for.
        expected: char,
        /// What was written.
        found: char,
    },
    /// Not of the form at all.
    #[error("not understood, allowed: {allowed}")]
    Syntax {
        /// The forms that are allowed, by example.
        allowed: &'static str,
    },
    /// Thousands separators that do not part groups of three digits.
    #[error("thousands separators must part groups of three digits")]
    Grouping,
    /// Text beside an amount that is neither a unit nor a currency.
    #[error("unknown unit or currency, or two of them")]
    Currency,
    /// Of the form, but too large, too small or too fine.
    #[error("out of range, allowed: {allowed}")]
    Range {
        /// The range that is allowed.
        allowed: &'static str,
    },
    /// A day that is not in the calendar, such as 30 February.
    #[error("no such day or time in the calendar")]
    NoSuchDay,
    /// A date that hangs on a moment which the record does not name.
    #[error("relative date, allowed: a day such as 2019-01-31")]
    Relative,
}

impl Refusal {
    /// A short stable name, for counting refusals by kind.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::Absent => "absent",
            Refusal::Length { .. } => "length",
            Refusal::Character { .. } => "character",
            Refusal::Check { .. } => "check-character",
            Refusal::Syntax { .. } => "syntax",
            Refusal::Grouping => "grouping",
            Refusal::Currency => "currency",
            Refusal::Range { .. } => "range",
            Refusal::NoSuchDay => "no-such-day",
            Refusal::Relative => "relative-date",
        }
    }
}
