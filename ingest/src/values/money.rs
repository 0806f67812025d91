//! Amounts of money as people type them, held as integer fen.
//!
//! `1,000(万人民币元)`, `3万人民币`, `50(万美元)`, `￥1,200.50`: a number, then
//! or before it a unit and a currency in any order. An amount stays in its own
//! currency, in hundredths of it, with the currency beside it. Digits finer than
//! a fen (floats that were printed) are rounded, halves away from zero.

mod currency;

pub use currency::Currency;

use super::Refusal;
use super::absent::is_absent;
use super::decimal::Decimal;
use super::text::{fold, trim};
use std::borrow::Cow;

const RANGE: Refusal = Refusal::Range {
    allowed: "amounts below 92 quadrillion yuan",
};
const SYNTAX: Refusal = Refusal::Syntax {
    allowed: "an amount such as 1,000.50, 3万人民币 or 50(万美元)",
};

/// What a bare number counts; a unit in the text overrides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Yuan, or the like of another currency.
    #[default]
    Yuan,
    /// Ten thousand yuan.
    Wan,
    /// Hundredths.
    Fen,
}

impl Unit {
    /// The power of ten that makes it fen.
    fn power(self) -> i32 {
        match self {
            Unit::Fen => 0,
            Unit::Yuan => 2,
            Unit::Wan => 6,
        }
    }
}

/// An amount: hundredths of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Hundredths of the currency's main unit, also where it has no coins.
    pub fen: i64,
    /// The currency; yuan unless the text names another.
    pub currency: Currency,
}

/// Reads an amount; `unit` is what a number without a unit counts.
pub fn parse(cell: &str, unit: Unit) -> Result<Money, Refusal> {
    let text = trim(cell);
    if is_absent(text) {
        return Err(Refusal::Absent);
    }
    read(text, unit).or_else(|refusal| match fold(text) {
        // Full-width letters are so rare that they may cost a copy.
        Cow::Owned(folded) => read(&folded, unit),
        Cow::Borrowed(_) => Err(refusal),
    })
}

fn read(text: &str, unit: Unit) -> Result<Money, Refusal> {
    let mut words = Words::default();
    let number = words.eat_currencies(text)?;
    let (amount, rest) = Decimal::scan(number).map_err(|refusal| match refusal {
        Refusal::Syntax { .. } => SYNTAX,
        other => other,
    })?;
    words.eat(rest)?;
    let fen = amount.rounded(words.power(unit)).ok_or(RANGE)?;
    Ok(Money {
        fen,
        currency: words.currency.unwrap_or(Currency::Cny),
    })
}

/// What the words beside the number have said so far.
#[derive(Default)]
struct Words {
    currency: Option<Currency>,
    /// Powers of ten of 百, 千, 万, 亿: adjacent ones add up.
    scale: Option<i32>,
    scale_closed: bool,
    names_unit: bool,
}

impl Words {
    /// The power of ten that makes the number fen.
    fn power(&self, unit: Unit) -> i32 {
        match (self.scale, self.names_unit) {
            (Some(scale), _) => scale + 2,
            (None, true) => Unit::Yuan.power(),
            (None, false) => unit.power(),
        }
    }

    /// Currencies before the number (`人民币100万元`, `￥5`); returns the rest.
    fn eat_currencies<'a>(&mut self, text: &'a str) -> Result<&'a str, Refusal> {
        let mut rest = skip(text);
        while let Some((currency, _, after)) = currency::prefix(rest) {
            self.set_currency(currency)?;
            rest = skip(after);
        }
        Ok(rest)
    }

    /// Units and currencies up to the end.
    fn eat(&mut self, text: &str) -> Result<(), Refusal> {
        let mut rest = skip(text);
        while !rest.is_empty() {
            let after = self.word(rest)?;
            rest = skip(after);
            self.scale_closed |= self.scale.is_some() && rest.len() < after.len();
        }
        Ok(())
    }

    fn word<'a>(&mut self, text: &'a str) -> Result<&'a str, Refusal> {
        if let Some((power, after)) = scale(text) {
            self.add_scale(power)?;
            return Ok(after);
        }
        self.scale_closed |= self.scale.is_some();
        if let Some((currency, names_unit, after)) = currency::prefix(text) {
            self.names_unit |= names_unit;
            self.set_currency(currency)?;
            return Ok(after);
        }
        let after = text
            .strip_prefix(['元', '圆', '圓', '整', '正'])
            .ok_or(Refusal::Currency)?;
        self.names_unit = true;
        Ok(after)
    }

    fn set_currency(&mut self, currency: Currency) -> Result<(), Refusal> {
        match self.currency.replace(currency) {
            Some(before) if before != currency => Err(Refusal::Currency),
            _ => Ok(()),
        }
    }

    /// `百万` is a million, but `万元(万)` could mean anything.
    fn add_scale(&mut self, power: i32) -> Result<(), Refusal> {
        if self.scale_closed {
            return Err(Refusal::Currency);
        }
        self.scale = Some(self.scale.unwrap_or(0) + power);
        Ok(())
    }
}

/// The scale that `text` begins with, and what follows.
fn scale(text: &str) -> Option<(i32, &str)> {
    let mut chars = text.chars();
    let power = match chars.next()? {
        '百' | '佰' => 2,
        '千' | '仟' => 3,
        '万' | '萬' => 4,
        '亿' | '億' => 8,
        _ => return None,
    };
    Some((power, chars.as_str()))
}

/// Brackets and blanks part words and mean nothing.
fn skip(text: &str) -> &str {
    text.trim_start_matches(['(', ')', '（', '）', ' ', '\u{3000}', ':', '：', '[', ']'])
}

#[cfg(test)]
mod tests;
