//! 市场监督管理局 · 企业年报: once a year between January and June, about the
//! year before; not in the year of birth.

use rand::Rng;

use super::Feed;
use crate::calendar::{civil, from_civil, iso};
use crate::city::City;
use crate::random::{keyed, mix};
use crate::sheet::{Encoding, Layout, Sheet};

pub(super) const FEED: Feed = Feed {
    layout: &LAYOUT,
    rows,
};

static LAYOUT: Layout = Layout {
    folder: "msa/annual_report",
    columns: &[
        "统一社会信用代码",
        "年度",
        "从业人数",
        "资产总额",
        "营业收入",
        "经营状态",
        "公示日期",
    ],
    encoding: Encoding::Utf8,
    code: Some(0),
    date: Some(6),
    amount: Some(4),
};

fn rows(city: &City, day: i32, sheet: &mut Sheet) {
    let (year, month, _) = civil(day);
    if month > 6 {
        return;
    }
    let of_year = day - from_civil(year, 1, 1);
    for index in 0..city.founded_by(day) {
        if report_day(city, index, year) == Some(of_year) {
            put(city, index, day, year - 1, sheet);
        }
    }
}

/// The day of the year on which an enterprise reports; none if it will not or
/// need not.
pub(super) fn report_day(city: &City, index: u32, year: i32) -> Option<i32> {
    let enterprise = &city.enterprises()[index as usize];
    let draw = mix(city.seed(), 110, u64::from(index), year as u64);
    let missing = if city.plan_of(index).is_some() { 30 } else { 4 };
    let due =
        enterprise.founded < from_civil(year, 1, 1) && enterprise.lives(from_civil(year, 6, 30));
    (due && draw % 100 >= missing).then_some(5 + (draw / 100 % 170) as i32)
}

fn put(city: &City, index: u32, day: i32, year: i32, sheet: &mut Sheet) {
    let enterprise = &city.enterprises()[index as usize];
    let mut rng = keyed(city.seed(), 111, i64::from(index), year as u64);
    let scheme = city.plan_of(index).is_some_and(|plan| plan.setup < day);
    let staff = if scheme {
        rng.gen_range(30..200)
    } else {
        enterprise.staff + rng.gen_range(0..3)
    };
    let state = if rng.gen_range(0..100u32) < 3 {
        "歇业"
    } else {
        "开业"
    };
    let fields = vec![
        enterprise.uscc(index),
        year.to_string(),
        staff.to_string(),
        (enterprise.capital_wan * rng.gen_range(5_000..30_000)).to_string(),
        (u64::from(staff) * rng.gen_range(100_000..400_000u64)).to_string(),
        state.to_owned(),
        iso(day),
    ];
    sheet.put(&mut rng, fields);
}
