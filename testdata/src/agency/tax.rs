//! 税务局 · 纳税申报: monthly, about the month before.

use rand::Rng;

use super::{Feed, monthly_turn};
use crate::calendar::{iso, iso_month, month_of};
use crate::city::City;
use crate::random::{keyed, mix};
use crate::scheme::{Phase, Typology};
use crate::sheet::{Encoding, Layout, Sheet};

pub(super) const FILING: Feed = Feed {
    layout: &LAYOUT,
    rows,
};

static LAYOUT: Layout = Layout {
    folder: "tax/filing",
    columns: &[
        "纳税人识别号",
        "属期",
        "销售额",
        "应纳税额",
        "申报状态",
        "申报日期",
    ],
    encoding: Encoding::Utf8,
    code: Some(0),
    date: Some(5),
    amount: Some(2),
};

fn rows(city: &City, day: i32, sheet: &mut Sheet) {
    for index in monthly_turn(city, day) {
        let mut rng = keyed(city.seed(), 130, i64::from(day), u64::from(index));
        let sales = sales(city, index, day, &mut rng);
        sheet.put(&mut rng, row(city, index, day, month_of(day) - 1, sales));
        if rng.gen_range(0..1_000u32) < 4 {
            // The month before that is filed again with another amount.
            sheet.put_clean(&row(city, index, day, month_of(day) - 2, sales + 1_000));
        }
    }
}

fn row(city: &City, index: u32, day: i32, month: i32, sales: u32) -> Vec<String> {
    let unfiled =
        sales == 0 && mix(city.seed(), 131, u64::from(index), month as u64).is_multiple_of(4);
    let state = match sales {
        0 if unfiled => "未申报",
        0 => "零申报",
        _ => "正常",
    };
    vec![
        city.enterprises()[index as usize].uscc(index),
        iso_month(month),
        format!("{sales}.00"),
        format!("{}.{:02}", sales * 3 / 100, sales * 3 % 100),
        state.to_owned(),
        iso(day),
    ]
}

/// Sales of a month in yuan: with the staff, small for shells, none for a few.
fn sales(city: &City, index: u32, day: i32, rng: &mut rand_chacha::ChaCha8Rng) -> u32 {
    let enterprise = &city.enterprises()[index as usize];
    let dormant = mix(city.seed(), 132, u64::from(index), 0) % 100 < 8;
    match city.plan_of(index) {
        Some(plan) if plan.phase(day) >= Phase::Collapse => 0,
        Some(plan)
            if plan.typology != Typology::PersonalAccounts && plan.phase(day) >= Phase::SetUp =>
        {
            rng.gen_range(0..3u32).saturating_sub(1) * rng.gen_range(1_000..40_000)
        }
        None if dormant && rng.gen_range(0..10u32) < 8 => 0,
        _ => (enterprise.staff + 1) * rng.gen_range(8_000..60_000),
    }
}
