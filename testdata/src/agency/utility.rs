//! 供电局 · 用电量: monthly.

use rand::Rng;

use super::{Feed, monthly_turn};
use crate::calendar::{iso, iso_month, month_of};
use crate::city::City;
use crate::enterprise::Role;
use crate::random::keyed;
use crate::scheme::Phase;
use crate::sheet::{Encoding, Layout, Sheet};

pub(super) const POWER: Feed = Feed {
    layout: &Layout {
        folder: "utility/power",
        columns: &[
            "户号",
            "统一社会信用代码",
            "月份",
            "用电量",
            "用电状态",
            "抄表日期",
        ],
        encoding: Encoding::Utf8,
        code: Some(1),
        date: Some(5),
        amount: None,
    },
    rows,
};

fn rows(city: &City, day: i32, sheet: &mut Sheet) {
    for index in monthly_turn(city, day) {
        let enterprise = &city.enterprises()[index as usize];
        // Who sits at a hosted address has no meter of its own.
        if enterprise.role == Role::Hosted {
            continue;
        }
        let mut rng = keyed(city.seed(), 200, i64::from(day), u64::from(index));
        let (used, state) = used(city, index, day, &mut rng);
        let fields = vec![
            format!("08{index:08}"),
            enterprise.uscc(index),
            iso_month(month_of(day) - 1),
            used.to_string(),
            state.to_owned(),
            iso(day),
        ];
        sheet.put(&mut rng, fields);
    }
}

/// Kilowatt-hours of the month and the state of the connection.
fn used(
    city: &City,
    index: u32,
    day: i32,
    rng: &mut rand_chacha::ChaCha8Rng,
) -> (u32, &'static str) {
    let staff = city.enterprises()[index as usize].staff;
    let usual = (staff + 1) * rng.gen_range(60..220);
    match city.plan_of(index).map(|plan| plan.phase(day)) {
        Some(Phase::After) => (0, "报停"),
        Some(Phase::Collapse) if rng.gen_range(0..2u32) == 0 => (rng.gen_range(0..20), "报停"),
        Some(Phase::Collapse) => (rng.gen_range(0..60), "正常"),
        _ if rng.gen_range(0..1_000u32) < 5 => (0, "报停"),
        _ => (usual, "正常"),
    }
}
