//! Registered capital: how much, and the dozens of ways to write it.

use super::measured::{CAPITAL, CAPITAL_FORMS, CAPITAL_PARTS, IN_DOLLARS, IN_HONG_KONG_DOLLARS};
use crate::random::Dice;

/// An amount in 10,000 yuan, as common as measured.
pub(super) fn drawn(dice: &mut Dice) -> u32 {
    let at = dice.weighted(CAPITAL.iter().map(|bucket| bucket.3));
    let (low, high, step, _) = CAPITAL[at];
    low + dice.below((high - low) / step + 1) * step
}

/// `wan` × 10,000 yuan as the registry may write it; `part` decides what follows
/// the decimal point of an enterprise's amount.
pub(crate) fn text(wan: u32, part: u64, dice: &mut Dice) -> String {
    if dice.per_mille(IN_DOLLARS) && wan >= 70 {
        return format!("{}(万美元)", wan / 7);
    }
    if dice.per_mille(IN_HONG_KONG_DOLLARS) {
        return format!("{wan}(万香港元)");
    }
    let at = dice.weighted(CAPITAL_FORMS.iter().map(|form| form.2));
    let (unit, separated, _) = CAPITAL_FORMS[at];
    let number = if separated {
        thousands(u64::from(wan))
    } else {
        wan.to_string()
    };
    format!("{number}{}{unit}", decimals(part))
}

/// Nothing for most.
fn decimals(part: u64) -> String {
    let mut rest = (part % 1_000) as u32;
    for (digits, per_mille) in CAPITAL_PARTS {
        if rest < per_mille {
            let bound = 10_u64.pow(digits);
            // The last of them is none that could be left out.
            let tail = (part >> 20) % bound / 10 * 10 + 1 + (part >> 40) % 9;
            return format!(".{tail:0width$}", width = digits as usize);
        }
        rest -= per_mille;
    }
    String::new()
}

/// `text` with full-width digits.
pub(crate) fn full_width(text: &str) -> String {
    let widen = |letter: char| match letter {
        '0'..='9' => char::from_u32(letter as u32 - '0' as u32 + '０' as u32).unwrap_or(letter),
        other => other,
    };
    text.chars().map(widen).collect()
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_agencies_write_them() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(full_width("50万"), "５０万");
    }

    #[test]
    fn few_amounts_have_decimals() {
        let mut dice = Dice::new(1, 1, 1, 2);
        let texts: Vec<String> = (0..10_000).map(|_| decimals(dice.next())).collect();
        let some = texts.iter().filter(|text| !text.is_empty()).count();
        assert!((440..590).contains(&some), "{some}");
        let sound =
            |text: &String| text.is_empty() || (text.starts_with('.') && !text.ends_with('0'));
        assert!(texts.iter().all(sound));
    }

    #[test]
    fn half_of_the_amounts_are_at_most_a_million_yuan() {
        let mut dice = Dice::new(1, 1, 1, 1);
        let small = (0..10_000).filter(|_| drawn(&mut dice) <= 100).count();
        assert!((5_000..5_800).contains(&small), "{small}");
    }
}
