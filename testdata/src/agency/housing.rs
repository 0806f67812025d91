//! 住房和建设局 · 租赁备案: outlets that open, leases that are given up.

use rand::Rng;

use super::{Feed, code_of};
use crate::calendar::iso;
use crate::city::City;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates};
use crate::random::pick;
use crate::scheme::Phase;
use crate::sheet::{Encoding, Layout, Sheet};
use crate::words;

pub(super) const LEASE: Feed = Feed {
    layout: &Layout {
        folder: "housing/lease",
        columns: &[
            "合同编号",
            "承租企业代码",
            "房屋地址",
            "用途",
            "面积",
            "起租日期",
            "合同状态",
            "终止日期",
        ],
        encoding: Encoding::Utf8,
        code: Some(1),
        date: Some(5),
        amount: None,
    },
    rows,
};

const RATES: Rates = Rates {
    stream: 210,
    ordinary: 80,
    role: |role| match role {
        Role::Franchise => 3_000,
        Role::Gym | Role::Tuition => 600,
        _ => 100,
    },
    scheme: |plan, day| match plan.phase(day) {
        Phase::SetUp => 8_000,
        Phase::Promotion | Phase::Intake if !plan.quiet => 22_000,
        Phase::Payback if !plan.quiet => 6_000,
        _ => 0,
    },
};

/// Days after which some leases end before their time.
const ENDED_AFTER: i32 = 150;

fn rows(city: &City, day: i32, sheet: &mut Sheet) {
    event::put(city, day, sheet, &RATES, |city, event, _| {
        lease(city, event, None)
    });
    if day - ENDED_AFTER < city.start() {
        return;
    }
    for event in event::draw(city, &RATES, day - ENDED_AFTER) {
        let failing = event
            .plan(city)
            .is_some_and(|plan| plan.phase(day) >= Phase::SlowDown);
        if failing || event.serial.is_multiple_of(10) {
            sheet.put_clean(&lease(city, &event, Some(day)));
        }
    }
}

fn lease(city: &City, event: &Event, ended: Option<i32>) -> Vec<String> {
    let mut rng = event.rng(city);
    let code = code_of(city, &mut rng, event.enterprise);
    let use_ = match event.scheme {
        Some(_) => pick(&mut rng, &["门店", "门店", "办公"]),
        None => pick(&mut rng, &["办公", "办公", "门店", "仓储"]),
    };
    let state = if ended.is_some() {
        "提前终止"
    } else {
        "履行"
    };
    vec![
        format!("ZL{}", event.number()),
        code,
        words::address(
            city.seed(),
            rng.gen_range(0..2_000_000),
            rng.gen_range(0..8),
        ),
        use_.to_owned(),
        rng.gen_range(20..600u32).to_string(),
        iso(event.date),
        state.to_owned(),
        ended.map(iso).unwrap_or_default(),
    ]
}
