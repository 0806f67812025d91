//! 网信办 · 舆情: what is said on line, by name, with its tone.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Feed, told_name};
use crate::calendar::iso;
use crate::city::City;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates, Version};
use crate::random::pick;
use crate::scheme::{Phase, Plan};
use crate::sheet::{Encoding, Layout};

pub(super) const OPINION: Feed = Feed {
    layout: &Layout {
        folder: "cyberspace/opinion",
        columns: &[
            "信息编号",
            "涉及企业",
            "平台",
            "标题",
            "情感",
            "阅读量",
            "发布日期",
        ],
        encoding: Encoding::Utf8,
        code: None,
        date: Some(6),
        amount: None,
    },
    rows: |city, day, sheet| event::put(city, day, sheet, &RATES, row),
};

const RATES: Rates = Rates {
    stream: 180,
    ordinary: 200,
    role: |role| match role {
        Role::Shop => 8_000,
        Role::Gym | Role::Tuition | Role::Franchise => 4_000,
        Role::Lender | Role::Troubled => 3_000,
        _ => 300,
    },
    scheme,
};

fn scheme(plan: &Plan, day: i32) -> u32 {
    let loud = match plan.phase(day) {
        Phase::SetUp => 3_000,
        Phase::Promotion => 25_000,
        Phase::Intake => 30_000,
        Phase::Payback => 20_000,
        Phase::SlowDown => 60_000,
        Phase::Collapse => 300_000,
        Phase::Before | Phase::After => 0,
    };
    if plan.quiet && plan.phase(day) < Phase::SlowDown {
        loud / 20
    } else {
        loud
    }
}

fn row(city: &City, event: &Event, _: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let name = told_name(city, &mut rng, event.enterprise);
    let (title, tone) = match event.plan(city) {
        Some(plan) => about_scheme(plan, event.day, plan.pitch(&mut rng), rng.gen_range(0..100)),
        None => ordinary(&mut rng, city.enterprises()[event.enterprise as usize].role),
    };
    vec![
        format!("YQ{}", event.number()),
        name,
        pick(&mut rng, &["微博", "论坛", "短视频", "公众号", "新闻"]).to_owned(),
        title,
        tone.to_owned(),
        (rng.gen_range(1..100u32) * rng.gen_range(1..100u32)).to_string(),
        iso(event.date),
    ]
}

fn about_scheme(plan: &Plan, day: i32, pitch: &str, draw: u32) -> (String, &'static str) {
    match plan.phase(day) {
        Phase::SlowDown if draw < 60 => (format!("{pitch}？投资人称提现困难"), "负面"),
        Phase::Collapse | Phase::After => (format!("{pitch}项目停摆，投资人维权"), "负面"),
        _ if draw < 10 => (format!("起底{pitch}的套路"), "负面"),
        _ => (format!("财富讲座：{pitch}，名额有限"), "正面"),
    }
}

fn ordinary(rng: &mut ChaCha8Rng, role: Role) -> (String, &'static str) {
    let (bad, good): (&[&str], &[&str]) = match role {
        Role::Troubled => (
            &["门店停业，会员维权", "老板失联，员工讨薪", "欠款未还被曝光"],
            &["停业公告"],
        ),
        Role::Shop => (
            &["商品质量遭吐槽", "积分返利兑换难"],
            &["购物返利活动", "充值免单抽奖", "新品上市"],
        ),
        Role::Lender => (
            &["贷款年化利率偏高引争议"],
            &["反诈知识讲座，名额有限", "普惠贷款投放"],
        ),
        Role::Gym | Role::Tuition => (
            &["退费难被曝光", "预付卡维权"],
            &["公益讲座，名额有限", "周年庆满减"],
        ),
        _ => (
            &["服务态度引发不满", "商品质量遭吐槽", "退费难被曝光"],
            &["新品上市", "周年店庆满减返利活动", "获评优秀企业", "推介会"],
        ),
    };
    match rng.gen_range(0..10u32) {
        0..2 => (pick(rng, bad).to_owned(), "负面"),
        2..6 => (
            pick(rng, &["参加行业展会", "发布招聘信息", "门店搬迁公告"]).to_owned(),
            "中性",
        ),
        _ => (pick(rng, good).to_owned(), "正面"),
    }
}
