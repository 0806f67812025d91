//! 通信管理局 · ICP 备案: sites, who runs them, on which telephone.

use rand::Rng;

use super::Feed;
use crate::calendar::iso;
use crate::city::City;
use crate::random::{chance, keyed, mix};
use crate::sheet::{Encoding, Layout, Sheet};

pub(super) const ICP: Feed = Feed {
    layout: &Layout {
        folder: "telecom/icp",
        columns: &[
            "域名",
            "主办单位代码",
            "备案号",
            "联系电话",
            "网站状态",
            "更新日期",
        ],
        encoding: Encoding::Utf8,
        code: Some(1),
        date: Some(5),
        amount: None,
    },
    rows,
};

fn rows(city: &City, day: i32, sheet: &mut Sheet) {
    for index in 0..city.founded_by(day) {
        let enterprise = &city.enterprises()[index as usize];
        if !has_site(city, index) || !enterprise.lives(day) {
            continue;
        }
        let opened = opened(city, index);
        let gone = city.plan_of(index).map(|plan| plan.collapse + 12);
        if day == opened || gone == Some(day) && day > opened {
            let mut rng = keyed(city.seed(), 190, i64::from(day), u64::from(index));
            let fields = row(city, index, day, gone == Some(day), &mut rng);
            sheet.put(&mut rng, fields);
        }
    }
}

fn has_site(city: &City, index: u32) -> bool {
    match city.plan_of(index) {
        Some(plan) => !plan.quiet,
        None => mix(city.seed(), 191, u64::from(index), 0) % 100 < 30,
    }
}

/// The day the site's entry is first delivered.
fn opened(city: &City, index: u32) -> i32 {
    let enterprise = &city.enterprises()[index as usize];
    match city.plan_of(index) {
        Some(plan) => (plan.promotion - 6)
            .max(city.start())
            .max(enterprise.founded),
        None if index < city.stock() => city.start(),
        None => enterprise.founded + 20,
    }
}

fn row(
    city: &City,
    index: u32,
    day: i32,
    gone: bool,
    rng: &mut rand_chacha::ChaCha8Rng,
) -> Vec<String> {
    let enterprise = &city.enterprises()[index as usize];
    // Half of the schemes run a site that nobody filed; a few others do.
    let unfiled = chance(
        rng,
        if city.plan_of(index).is_some() {
            500_000
        } else {
            10_000
        },
    );
    let phone =
        13_000_000_000 + mix(city.seed(), 192, u64::from(enterprise.person), 0) % 900_000_000;
    vec![
        format!("e{index:07}.example.cn"),
        enterprise.uscc(index),
        if unfiled {
            String::new()
        } else {
            format!("滨ICP备{:08}号", 20_000_000 + index)
        },
        phone.to_string(),
        if gone || rng.gen_range(0..500u32) == 0 {
            "注销"
        } else {
            "正常"
        }
        .to_owned(),
        iso(day),
    ]
}
