//! 人力资源和社会保障局 · 参保人数 (monthly) and 欠薪投诉.

use rand::Rng;

use super::{Feed, monthly_turn, name_and_code};
use crate::calendar::{iso, iso_month, month_of};
use crate::city::City;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates, Version};
use crate::random::keyed;
use crate::scheme::{Phase, Typology};
use crate::sheet::{Encoding, Layout, Sheet};

pub(super) const INSURED: Feed = Feed {
    layout: &Layout {
        folder: "hrss/insured",
        columns: &[
            "统一社会信用代码",
            "月份",
            "参保人数",
            "应缴金额",
            "欠缴金额",
            "统计日期",
        ],
        encoding: Encoding::Utf8,
        code: Some(0),
        date: Some(5),
        amount: Some(3),
    },
    rows: insured_rows,
};

fn insured_rows(city: &City, day: i32, sheet: &mut Sheet) {
    for index in monthly_turn(city, day) {
        let mut rng = keyed(city.seed(), 140, i64::from(day), u64::from(index));
        let insured = insured(city, index, day, &mut rng);
        let owed = insured * rng.gen_range(900..1_600u32);
        let failing = city
            .plan_of(index)
            .is_some_and(|plan| plan.phase(day) >= Phase::SlowDown);
        let late = rng.gen_range(0..1_000u32) < if failing { 500 } else { 8 };
        let fields = vec![
            city.enterprises()[index as usize].uscc(index),
            iso_month(month_of(day) - 1),
            insured.to_string(),
            format!("{owed}.00"),
            format!("{}.00", if late { owed } else { 0 }),
            iso(day),
        ];
        sheet.put(&mut rng, fields);
    }
}

fn insured(city: &City, index: u32, day: i32, rng: &mut rand_chacha::ChaCha8Rng) -> u32 {
    let staff = city.enterprises()[index as usize].staff;
    let usual = staff.saturating_sub(rng.gen_range(0..=1 + staff / 8));
    match city.plan_of(index) {
        Some(plan) if plan.phase(day) >= Phase::Collapse => 0,
        Some(plan) if plan.phase(day) == Phase::SlowDown => usual / 3,
        Some(plan) if plan.typology == Typology::ElderlyCare => usual + 4,
        Some(plan) if plan.typology != Typology::PersonalAccounts => usual.min(3),
        _ => usual,
    }
}

pub(super) const WAGE_COMPLAINT: Feed = Feed {
    layout: &Layout {
        folder: "hrss/wage_complaint",
        columns: &[
            "投诉编号",
            "用人单位",
            "统一社会信用代码",
            "涉及人数",
            "涉及金额",
            "受理日期",
        ],
        encoding: Encoding::Utf8,
        code: Some(2),
        date: Some(5),
        amount: Some(4),
    },
    rows: |city, day, sheet| event::put(city, day, sheet, &WAGE_RATES, wage),
};

const WAGE_RATES: Rates = Rates {
    stream: 142,
    ordinary: 25,
    role: |role| match role {
        Role::Troubled => 5_000,
        Role::Payroll => 200,
        _ => 30,
    },
    scheme: |plan, day| match plan.phase(day) {
        Phase::SlowDown => 6_000,
        Phase::Collapse => 40_000,
        _ => 0,
    },
};

fn wage(city: &City, event: &Event, _: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let (name, code) = name_and_code(city, &mut rng, event.enterprise);
    let people = rng.gen_range(1..12u32);
    vec![
        format!("QX{}", event.number()),
        name,
        code,
        people.to_string(),
        format!("{}元", people * rng.gen_range(4_000..15_000u32)),
        iso(event.date),
    ]
}
