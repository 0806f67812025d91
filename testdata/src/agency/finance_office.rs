//! 地方金融管理局 · 持牌名录 (a whole list each month), 处非举报, 核查结论.

use rand::Rng;

use super::hotline::TICKET_RATES;
use super::{Feed, name_and_code, name_of, opens};
use crate::calendar::iso;
use crate::city::City;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates, Version};
use crate::random::{keyed, mix, pick};
use crate::scheme::{Phase, Plan};
use crate::sheet::{Encoding, Layout, Sheet};

pub(super) const LICENCE: Feed = Feed {
    layout: &Layout {
        folder: "finance-office/licence",
        columns: &[
            "许可证号",
            "统一社会信用代码",
            "机构名称",
            "业务类别",
            "状态",
            "有效期至",
        ],
        encoding: Encoding::Utf8,
        code: Some(1),
        date: Some(5),
        amount: None,
    },
    rows: licence_rows,
};

/// The list of the month: every licensed lender; one in forty has lost it.
fn licence_rows(city: &City, day: i32, sheet: &mut Sheet) {
    let lenders = city.roles().iter().find(|(role, _)| *role == Role::Lender);
    let Some((_, lenders)) = lenders.filter(|_| opens(city, day)) else {
        return;
    };
    for index in lenders {
        let enterprise = &city.enterprises()[*index as usize];
        if !enterprise.lives(day) {
            continue;
        }
        let revoked = mix(city.seed(), 230, u64::from(*index), 0).is_multiple_of(40)
            && day > city.start() + 100;
        sheet.put_clean(&[
            format!("JR{index:08}"),
            enterprise.uscc(*index),
            name_of(city, *index),
            "小额贷款".to_owned(),
            if revoked { "吊销" } else { "有效" }.to_owned(),
            "2030-12-31".to_owned(),
        ]);
    }
}

pub(super) const TIP_OFF: Feed = Feed {
    layout: &Layout {
        folder: "finance-office/tip_off",
        columns: &[
            "举报编号",
            "企业名称",
            "统一社会信用代码",
            "承诺年化收益率",
            "举报内容",
            "举报日期",
        ],
        encoding: Encoding::Utf8,
        code: Some(2),
        date: Some(5),
        amount: None,
    },
    rows: |city, day, sheet| event::put(city, day, sheet, &TIP_OFF_RATES, tip_off),
};

const TIP_OFF_RATES: Rates = Rates {
    stream: 232,
    ordinary: 6,
    role: |role| match role {
        Role::Lender => 400,
        Role::Troubled => 800,
        Role::Gym | Role::Tuition | Role::Shop => 150,
        _ => 10,
    },
    scheme: tip_offs,
};

fn tip_offs(plan: &Plan, day: i32) -> u32 {
    match plan.phase(day) {
        _ if !plan.complained_of(day) => 0,
        Phase::Intake | Phase::Payback => 8_000,
        Phase::SlowDown => 30_000,
        Phase::Collapse => 100_000,
        _ => 0,
    }
}

fn tip_off(city: &City, event: &Event, _: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let (name, code) = name_and_code(city, &mut rng, event.enterprise);
    let role = city.enterprises()[event.enterprise as usize].role;
    let (rate, text) = match event.plan(city) {
        Some(plan) => (rng.gen_range(8..36u32).to_string(), plan.pitch(&mut rng)),
        // Who lends promises nothing, but is told on for his rates.
        None if role == Role::Lender => (rng.gen_range(8..25u32).to_string(), "贷款年化利率过高"),
        None => (
            String::new(),
            pick(
                &mut rng,
                &["电话推销频繁", "合同收费不明", "疑似集资", "充值办卡退费难"],
            ),
        ),
    };
    vec![
        format!("JB{}", event.number()),
        name,
        code,
        rate,
        text.to_owned(),
        iso(event.date),
    ]
}

pub(super) const OUTCOME: Feed = Feed {
    layout: &Layout {
        folder: "finance-office/outcome",
        columns: &["核查编号", "统一社会信用代码", "核查结论", "结论日期"],
        encoding: Encoding::Utf8,
        code: Some(1),
        date: Some(3),
        amount: None,
    },
    rows: outcome_rows,
};

/// Days from a call to the end of a check that finds nothing.
const CHECKED_AFTER: i32 = 20;

/// Schemes are found some weeks after their collapse; of those who are called
/// about, some are checked and found to be no scheme.
fn outcome_rows(city: &City, day: i32, sheet: &mut Sheet) {
    for (scheme, plan) in city.plans().iter().enumerate() {
        if plan.labelled.max(city.start()) == day {
            let finding = if scheme % 3 == 0 {
                "涉嫌犯罪移送"
            } else {
                "认定非法集资"
            };
            put_outcome(city, plan.enterprise, day, finding, sheet);
        }
    }
    if day - CHECKED_AFTER < city.start() {
        return;
    }
    for event in event::draw(city, &TICKET_RATES, day - CHECKED_AFTER) {
        let checked = mix(city.seed(), 234, event.day as u64, u64::from(event.serial)) % 100 < 8;
        if checked && event.scheme.is_none() {
            let finding = if event.serial.is_multiple_of(4) {
                "其他违法（非集资）"
            } else {
                "不实"
            };
            put_outcome(city, event.enterprise, day, finding, sheet);
        }
    }
}

fn put_outcome(city: &City, enterprise: u32, day: i32, finding: &str, sheet: &mut Sheet) {
    let fields = vec![
        format!("HC{day}{enterprise:08}"),
        city.enterprises()[enterprise as usize].uscc(enterprise),
        finding.to_owned(),
        iso(day),
    ];
    sheet.put(
        &mut keyed(city.seed(), 235, i64::from(day), u64::from(enterprise)),
        fields,
    );
}
