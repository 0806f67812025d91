//! 政务服务和数据管理局 · 12345 工单: names instead of codes, in GB18030.

use rand_chacha::ChaCha8Rng;

use super::{Feed, told_name};
use crate::calendar::iso;
use crate::city::City;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates, Version};
use crate::random::pick;
use crate::scheme::{Phase, Plan};
use crate::sheet::{Encoding, Layout};

pub(super) const TICKET: Feed = Feed {
    layout: &Layout {
        folder: "12345/ticket",
        columns: &[
            "工单编号",
            "被反映单位",
            "诉求类别",
            "诉求内容",
            "来电日期",
            "op",
        ],
        encoding: Encoding::Gb18030,
        code: None,
        date: Some(4),
        amount: None,
    },
    rows: |city, day, sheet| event::put_corrected(city, day, sheet, &TICKET_RATES, ticket),
};

/// Also read by the finance office: whoever is complained of may be checked.
pub(super) const TICKET_RATES: Rates = Rates {
    stream: 160,
    ordinary: 150,
    role: |role| match role {
        Role::Gym | Role::Shop => 3_000,
        Role::Property | Role::Tuition => 2_500,
        Role::Lender => 800,
        Role::Franchise => 600,
        Role::Troubled => 6_000,
        _ => 150,
    },
    scheme,
};

fn scheme(plan: &Plan, day: i32) -> u32 {
    match plan.phase(day) {
        // The first complaint is always a call.
        _ if day == plan.first_complaint => 1_000_000,
        _ if day < plan.first_complaint => 0,
        Phase::Promotion | Phase::Intake | Phase::Payback => 8_000,
        Phase::SlowDown => 40_000 + 12_000 * plan.size,
        Phase::Collapse => 150_000 + 60_000 * plan.size,
        _ => 2_000,
    }
}

fn ticket(city: &City, event: &Event, version: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let name = told_name(city, &mut rng, event.enterprise);
    let (kind, text) = match event.plan(city) {
        Some(plan) => ("投诉举报", said(plan, event.day, plan.pitch(&mut rng))),
        None => ordinary(&mut rng, city.enterprises()[event.enterprise as usize].role),
    };
    let kind = if version == Version::Corrected {
        "咨询"
    } else {
        kind
    };
    vec![
        format!("GD{}", event.number()),
        name,
        kind.to_owned(),
        text,
        iso(event.date),
        version.op(),
    ]
}

fn said(plan: &Plan, day: i32, pitch: &str) -> String {
    match plan.phase(day) {
        Phase::SlowDown => format!("该公司称{pitch}，现在拖延兑付"),
        Phase::Collapse | Phase::After => format!("该公司{pitch}，已停止兑付，负责人失联"),
        _ => format!("来电反映该公司宣传{pitch}，担心受骗"),
    }
}

fn ordinary(rng: &mut ChaCha8Rng, role: Role) -> (&'static str, String) {
    let texts: &[&str] = match role {
        Role::Troubled => &[
            "门店关闭，负责人失联",
            "拖欠工资",
            "拖欠货款",
            "预付卡余额不退，老板跑路",
        ],
        Role::Lender => &["贷款年化利率过高", "借款合同收费不明", "催收电话骚扰"],
        Role::Shop => &["返利积分不能提现", "商品质量问题", "退货不退款"],
        Role::Gym | Role::Tuition => &[
            "预付卡余额不退",
            "退费纠纷",
            "承诺的课程回购未兑现",
            "教练离职",
        ],
        Role::Property => &["物业费收取不合理", "电梯故障", "停车收费"],
        _ => &[
            "噪音扰民",
            "占道经营",
            "拖欠工资",
            "退费纠纷",
            "油烟排放",
            "发传单影响环境",
            "虚假宣传商品功效",
            "咨询营业时间",
            "借款纠纷",
        ],
    };
    ("投诉举报", pick(rng, texts).to_owned())
}
