//! 信访局 · 集体访: names only.

use rand::Rng;

use super::{Feed, told_name};
use crate::calendar::iso;
use crate::city::City;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates, Version};
use crate::random::pick;
use crate::scheme::Phase;
use crate::sheet::{Encoding, Layout};

pub(super) const VISIT: Feed = Feed {
    layout: &Layout {
        folder: "petition/visit",
        columns: &["信访编号", "反映单位", "人数", "事由", "登记日期"],
        encoding: Encoding::Utf8,
        code: None,
        date: Some(4),
        amount: None,
    },
    rows: |city, day, sheet| event::put(city, day, sheet, &RATES, row),
};

const RATES: Rates = Rates {
    stream: 170,
    ordinary: 5,
    role: |role| if role == Role::Troubled { 1_500 } else { 20 },
    scheme: |plan, day| match plan.phase(day) {
        _ if !plan.complained_of(day) => 0,
        Phase::SlowDown => 5_000,
        Phase::Collapse => 50_000,
        _ => 0,
    },
};

fn row(city: &City, event: &Event, _: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let name = told_name(city, &mut rng, event.enterprise);
    let (people, cause) = match event.plan(city) {
        Some(plan) => (
            rng.gen_range(5..120u32),
            format!("{}，要求退还本金", plan.pitch(&mut rng)),
        ),
        None => (
            rng.gen_range(5..20u32),
            pick(
                &mut rng,
                &["拖欠工程款", "征收补偿", "劳动报酬", "物业服务"],
            )
            .to_owned(),
        ),
    };
    vec![
        format!("XF{}", event.number()),
        name,
        people.to_string(),
        cause,
        iso(event.date),
    ]
}
