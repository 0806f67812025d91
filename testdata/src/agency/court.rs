//! 中级人民法院 · 立案 (suits with a defendant) and 被执行人.

use rand::Rng;

use super::{Feed, code_of, name_of};
use crate::calendar::iso;
use crate::city::City;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates, Version};
use crate::random::pick;
use crate::sheet::{Encoding, Layout, Sheet};

pub(super) const CASE: Feed = Feed {
    layout: &Layout {
        folder: "court/case",
        columns: &[
            "案号",
            "案由",
            "被告",
            "统一社会信用代码",
            "标的额",
            "立案日期",
            "op",
        ],
        encoding: Encoding::Utf8,
        code: Some(3),
        date: Some(5),
        amount: Some(4),
    },
    rows: |city, day, sheet| event::put_corrected(city, day, sheet, &CASE_RATES, case),
};

const CASE_RATES: Rates = Rates {
    stream: 150,
    ordinary: 60,
    role: |role| match role {
        Role::Property | Role::Lender => 300,
        Role::Troubled => 8_000,
        Role::Shop | Role::Gym | Role::Franchise => 200,
        _ => 50,
    },
    // Suits follow missed payments by weeks.
    scheme: |plan, day| match day - plan.slow {
        25..80 => 20_000,
        80..300 => 60_000,
        _ => 0,
    },
};

fn case(city: &City, event: &Event, version: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let cause = match event.scheme {
        Some(_) => pick(&mut rng, &["民间借贷纠纷", "合同纠纷", "委托理财合同纠纷"]),
        None => pick(
            &mut rng,
            &[
                "买卖合同纠纷",
                "劳动争议",
                "租赁合同纠纷",
                "合同纠纷",
                "民间借贷纠纷",
                "侵权纠纷",
            ],
        ),
    };
    let yuan = rng.gen_range(20_000..900_000u32);
    let yuan = if version == Version::Corrected {
        yuan + 5_000
    } else {
        yuan
    };
    vec![
        format!("滨民初{}号", event.number()),
        cause.to_owned(),
        name_of(city, event.enterprise),
        code_of(city, &mut rng, event.enterprise),
        format!("{yuan}.00"),
        iso(event.date),
        version.op(),
    ]
}

pub(super) const ENFORCEMENT: Feed = Feed {
    layout: &Layout {
        folder: "court/enforcement",
        columns: &[
            "案号",
            "被执行人",
            "统一社会信用代码",
            "执行标的",
            "失信",
            "立案日期",
            "结案日期",
        ],
        encoding: Encoding::Gb18030,
        code: Some(2),
        date: Some(5),
        amount: Some(3),
    },
    rows: enforcement_rows,
};

const ENFORCEMENT_RATES: Rates = Rates {
    stream: 152,
    ordinary: 20,
    role: |role| if role == Role::Troubled { 4_000 } else { 20 },
    scheme: |plan, day| match day - plan.collapse {
        10..60 => 5_000,
        60..300 => 20_000,
        _ => 0,
    },
};

/// Days after which most debtors have paid.
const SETTLED_AFTER: i32 = 90;

fn enforcement_rows(city: &City, day: i32, sheet: &mut Sheet) {
    event::put(city, day, sheet, &ENFORCEMENT_RATES, |city, event, _| {
        enforcement(city, event, None)
    });
    if day - SETTLED_AFTER >= city.start() {
        for event in event::draw(city, &ENFORCEMENT_RATES, day - SETTLED_AFTER) {
            if event.scheme.is_none() && event.serial.is_multiple_of(2) {
                sheet.put_clean(&enforcement(city, &event, Some(day)));
            }
        }
    }
}

fn enforcement(city: &City, event: &Event, settled: Option<i32>) -> Vec<String> {
    let mut rng = event.rng(city);
    let dishonest = rng.gen_range(0..100u32) < if event.scheme.is_some() { 60 } else { 15 };
    vec![
        format!("滨执{}号", event.number()),
        name_of(city, event.enterprise),
        code_of(city, &mut rng, event.enterprise),
        format!(
            "{}.{}万元",
            rng.gen_range(1..300u32),
            rng.gen_range(0..10u32)
        ),
        if dishonest { "是" } else { "否" }.to_owned(),
        iso(event.date),
        settled.map(iso).unwrap_or_default(),
    ]
}
