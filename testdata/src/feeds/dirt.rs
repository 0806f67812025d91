//! What goes wrong with rows, in millionths of them.
//!
//! Measured on 2026-11-22 on two public samples that cannot be published here. What
//! follows is SQL for DuckDB, with a table for each file, its columns as they are
//! called there, the credit code as `code`, and what it answers:
//!
//! A registry (`registry`): 306,029 registrations of Guangdong and Zhejiang, 1978
//! to 2019. It stands for every source of which nothing real shows anything else.
//! - `SELECT count(*) - count(DISTINCT r) FROM registry r`: 21 lines are repeated;
//! - `SELECT count(DISTINCT r) - count(DISTINCT upper(code)) FROM registry r`: 11
//!   enterprises stand there again with another text;
//! - `SELECT count(*) FROM registry WHERE code <> upper(code)`: 72 codes in lower
//!   case; `WHERE length(code) <> 18`: 4 old numbers in place of a code;
//! - `WHERE regexp_matches(注册地址, '[０-９]')`: 1,919 addresses with full-width
//!   digits (codes, names of columns and amounts have none);
//! - 5 codes fail the check digit of GB 32100-2015, and 1 line has nine fields;
//! - no date is impossible, and no amount is negative.
//!
//! The contest set CCF BDCI 2020 (files `annual_report_info`, `tax_info`,
//! `news_info`), of one city's agencies; enterprises have opaque ids, so it shows
//! nothing of codes.
//! - Annual reports, 22,550 lines: `SELECT count(*) - count(DISTINCT a) FROM annual a`:
//!   102 are repeated; `SELECT count(DISTINCT a) - count(DISTINCT (id, ANCHEYEAR))`:
//!   18 say something else of the same year.
//! - Tax, 29,195 lines: 4,581 are repeated; `WHERE TAX_AMOUNT::DOUBLE < 0`: 597 are
//!   negative, and each takes back a line of the same key: those are corrections.
//! - News, 10,518 lines: `WHERE NOT regexp_full_match(public_date, '\d+-\d+-\d+')`:
//!   16 dates are none (`8小时前`). Two items of one day cannot be told from one that
//!   is repeated.
//!
//! Nothing real shows these, so they are set:
//! - late: no sample has a day of arrival. A fiftieth of the rows is 10 to 45 days
//!   later than agreed: up to a monthly delivery that was missed. The law gives the
//!   registry itself 20 working days (企业信息公示暂行条例 第六条), which is lag and
//!   not lateness, and in the feeds' `lag`;
//! - withdrawn: as often as a registration is corrected, since whoever finds a
//!   mistake mends the record or takes it back;
//! - how often leads are corrected and withdrawn (`pbc/lead`), a unit that goes silent for
//!   a month and a unit that is renamed: once each in the city's feeds, so that they
//!   are seen; and how units other than the registry write amounts in yuan, names
//!   that people tell, and complaints without a code (`row.rs`, `world/name.rs`).
//!
//! `simulate --dirt N` multiplies what was measured, up to a quarter of all rows.

use serde::Deserialize;

use super::column::Expression;
use super::feed::Feed;
use super::row::Fields;
use crate::code::wrong_check;
use crate::event::KINDS;
use crate::random::Dice;

/// How often what goes wrong, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rates {
    /// Delivered again with another amount or text.
    pub(super) corrected: u32,
    /// Delivered again with `op` = D, where the feed has an `op`.
    pub(super) withdrawn: u32,
    /// Delivered twice on one day.
    pub(super) duplicate: u32,
    /// Ten days and more later than agreed.
    pub(super) late: u32,
    /// Followed by a row whose code has a wrong check digit.
    pub(super) check: u32,
    /// Followed by a row with a field too few, or all fields one column further.
    pub(super) fields: u32,
    /// Followed by a row whose date is none.
    pub(super) date: u32,
    /// The code in lower case.
    pub(super) lower: u32,
    /// An old number in place of the code.
    pub(super) old: u32,
    /// An address with full-width digits.
    pub(super) wide: u32,
}

/// As the registry sample.
const REGISTRY: Rates = Rates {
    corrected: 36,
    withdrawn: 36,
    duplicate: 69,
    late: 20_000,
    check: 16,
    fields: 3,
    date: 0,
    lower: 235,
    old: 13,
    wide: 6_271,
};

const ANNUAL_REPORTS: Rates = Rates {
    corrected: 798,
    duplicate: 4_523,
    ..REGISTRY
};

const TAX: Rates = Rates {
    corrected: 20_449,
    duplicate: 156_910,
    ..REGISTRY
};

const NEWS: Rates = Rates {
    date: 1_521,
    ..REGISTRY
};

/// However dirty a city is asked for, most rows are sound.
const MOST: u32 = 250_000;

impl Rates {
    /// Those of the sample that a feed's records are most like, `times` over.
    pub(super) fn of(routes: &[(usize, usize)], times: u32) -> Rates {
        let sees = |kind: &str| routes.iter().any(|(at, _)| KINDS[*at].name == kind);
        let measured = if sees("annual_report") {
            ANNUAL_REPORTS
        } else if sees("tax_filing") {
            TAX
        } else if sees("opinion") {
            NEWS
        } else {
            REGISTRY
        };
        let more = |rate: u32| rate.saturating_mul(times).min(MOST);
        Rates {
            corrected: more(measured.corrected),
            withdrawn: more(measured.withdrawn),
            duplicate: more(measured.duplicate),
            late: measured.late,
            check: more(measured.check),
            fields: more(measured.fields),
            date: more(measured.date),
            lower: more(measured.lower),
            old: more(measured.old),
            wide: more(measured.wide),
        }
    }
}

/// What a feed declares of its own rows; the rest is as measured.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DeclaredRates {
    corrected: Option<u32>,
    withdrawn: Option<u32>,
    duplicate: Option<u32>,
    late: Option<u32>,
    check: Option<u32>,
    fields: Option<u32>,
    date: Option<u32>,
}

impl DeclaredRates {
    pub(super) fn over(self, measured: Rates) -> Rates {
        Rates {
            corrected: self.corrected.unwrap_or(measured.corrected),
            withdrawn: self.withdrawn.unwrap_or(measured.withdrawn),
            duplicate: self.duplicate.unwrap_or(measured.duplicate),
            late: self.late.unwrap_or(measured.late),
            check: self.check.unwrap_or(measured.check),
            fields: self.fields.unwrap_or(measured.fields),
            date: self.date.unwrap_or(measured.date),
            ..measured
        }
    }
}

/// What nobody can accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Check,
    Fields,
    Date,
}

impl Rates {
    /// The fault of the row that follows, if one does.
    pub(super) fn fault(&self, dice: &mut Dice) -> Option<Fault> {
        let draw = dice.below(1_000_000);
        let faults = [
            (Fault::Check, self.check),
            (Fault::Fields, self.fields),
            (Fault::Date, self.date),
        ];
        let mut below = 0;
        let found = faults.into_iter().find(|(_, rate)| {
            below += rate;
            draw < below
        });
        found.map(|(fault, _)| fault)
    }
}

/// Turns a row into another record with a fault, as far as the columns allow;
/// else its fields are at fault.
pub(super) fn break_row(feed: &Feed, fields: &Fields, fault: Fault, dice: &mut Dice) -> Fields {
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
    match (fault, code, date) {
        (Fault::Check, Some(code), _) => list[code] = wrong_check(&list[code].to_uppercase()),
        (Fault::Date, _, Some(date)) => list[date] = "8小时前".to_owned(),
        _ if list.len() > 2 && dice.per_cent(50) => {
            list.rotate_right(1);
            list[0] = "序号".to_owned();
        }
        _ => drop(list.pop()),
    }
    Fields::from_list(&list)
}
