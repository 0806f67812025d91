//! What goes wrong with rows, in per mille of them.
//!
//! The rates are set, within what two real samples show (measured 2026-11-22). A
//! registry of 306,029 rows: 0.06 refused, 0.07 repeated, 0.04 corrected. Records
//! of 9,865 enterprises: 5 of annual reports repeated and 1 corrected, 157 of tax
//! lines repeated, 2 of news dates unusable. How late rows are is in neither.

use serde::Deserialize;

use super::column::Expression;
use super::feed::Feed;
use super::row::Fields;
use crate::code::wrong_check;
use crate::random::Dice;

/// How often what goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rates {
    /// Delivered again with another amount or text.
    pub(super) corrected: u32,
    /// Delivered again with `op` = D, where the feed has an `op`.
    pub(super) withdrawn: u32,
    /// Delivered twice on one day.
    pub(super) duplicate: u32,
    /// Ten days and more later than agreed.
    pub(super) late: u32,
    /// Followed by a row that nobody can accept.
    pub(super) broken: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Rates {
            corrected: 5,
            withdrawn: 2,
            duplicate: 3,
            late: 20,
            broken: 3,
        }
    }
}

/// Turns a row into another record with one fault that an engine must reject, as
/// far as the columns allow: a wrong check digit, an impossible date, a field too
/// few, or all fields one column further.
pub(super) fn break_row(feed: &Feed, fields: &Fields, dice: &mut Dice) -> Fields {
    let mut list: Vec<String> = fields.iter().map(str::to_owned).collect();
    let at = |wanted: fn(&Expression) -> bool| {
        feed.columns
            .iter()
            .position(|column| wanted(&column.expression))
    };
    if let Some(number) = at(|expression| matches!(expression, Expression::Number(_))) {
        list[number].push('X');
    }
    let code = at(|e| matches!(e, Expression::Uscc | Expression::UsccClean))
        .filter(|code| list[*code].len() == 18);
    let date = at(|expression| matches!(expression, Expression::Date));
    match (dice.below(4), code, date) {
        (0, Some(code), _) => list[code] = wrong_check(&list[code].to_uppercase()),
        (1, _, Some(date)) => list[date] = "2024-02-30".to_owned(),
        (2, _, _) if list.len() > 2 => {
            list.rotate_right(1);
            list[0] = "序号".to_owned();
        }
        _ => drop(list.pop()),
    }
    Fields::from_list(&list)
}
