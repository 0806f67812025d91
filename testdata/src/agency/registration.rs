//! 市场监督管理局 · 商事登记: every enterprise once when it is founded, again
//! whenever something changes, with its old number, name, representative and
//! address: what identity is made of.

use super::{Feed, name_of};
use crate::calendar::{civil, iso, month_of};
use crate::city::City;
use crate::code;
use crate::enterprise::{OldNumber, Role, sector};
use crate::random::{keyed, mix};
use crate::sheet::{Encoding, Layout, Sheet};
use crate::words::{self, full_width, thousands};

pub(super) const FEED: Feed = Feed {
    layout: &LAYOUT,
    rows,
};

static LAYOUT: Layout = Layout {
    folder: "msa/registration",
    columns: &[
        "统一社会信用代码",
        "企业名称",
        "企业类型",
        "行业门类",
        "成立日期",
        "注册资本",
        "实缴资本",
        "法定代表人",
        "注册地址",
        "行政区",
        "注册号",
        "经营范围",
        "登记状态",
        "变更次数",
        "核准日期",
    ],
    encoding: Encoding::Utf8Bom,
    code: Some(0),
    date: Some(4),
    amount: Some(6),
};

fn rows(city: &City, day: i32, sheet: &mut Sheet) {
    for index in 0..city.founded_by(day) {
        if is_due(city, index, day) {
            let mut rng = keyed(city.seed(), 100, i64::from(day), u64::from(index));
            sheet.put(&mut rng, row(city, index, day));
        }
    }
}

/// Whether the registry says something about the enterprise on `day`.
fn is_due(city: &City, index: u32, day: i32) -> bool {
    let enterprise = &city.enterprises()[index as usize];
    let first = if index < city.stock() {
        city.start()
    } else {
        enterprise.founded
    };
    let number_added =
        matches!(enterprise.number, OldNumber::Later(after) if day == city.start() + after);
    day == first
        || day > first
            && day <= enterprise.closed
            && (number_added || day == enterprise.closed || changes_on(city, index, day))
}

fn changes_on(city: &City, index: u32, day: i32) -> bool {
    if let Some(plan) = city.plan_of(index) {
        return [plan.setup + 5, plan.setup + 16, plan.promotion - 3].contains(&day);
    }
    // A change every five years, on a day of the month that never lacks.
    let draw = mix(city.seed(), 101, u64::from(index), month_of(day) as u64);
    draw.is_multiple_of(60) && civil(day).2 == 1 + (draw / 60 % 28) as i32
}

/// How often the registration has changed until `day`.
fn changes(city: &City, index: u32, day: i32) -> u32 {
    let before = (mix(city.seed(), 102, u64::from(index), 0) % 4) as u32;
    let since = if city.plan_of(index).is_some() {
        day - 200
    } else {
        day - 31
    };
    let since = since.max(city.start());
    before
        + (since..=day)
            .filter(|day| changes_on(city, index, *day))
            .count() as u32
}

fn row(city: &City, index: u32, day: i32) -> Vec<String> {
    let enterprise = &city.enterprises()[index as usize];
    let number = match enterprise.number {
        OldNumber::Later(after) if day < city.start() + after => None,
        _ => enterprise.old_number(index),
    };
    let (letter, _) = words::SECTORS[usize::from(enterprise.sector)];
    let state = if day >= enterprise.closed {
        "注销"
    } else {
        "存续"
    };
    let approved = if day == city.start() {
        enterprise.founded
    } else {
        day
    };
    vec![
        enterprise.uscc(index),
        name_of(city, index),
        "有限责任公司".to_owned(),
        letter.to_owned(),
        iso(enterprise.founded),
        capital(enterprise.capital_wan, index),
        format!("{}万元", enterprise.paid_wan),
        code::person(city.seed(), enterprise.person),
        words::address(city.seed(), enterprise.address, enterprise.district),
        words::DISTRICTS[usize::from(enterprise.district)].to_owned(),
        number.unwrap_or_default(),
        scope(city, index),
        state.to_owned(),
        changes(city, index, day).to_string(),
        iso(approved),
    ]
}

/// Registries of different years write the same amount differently.
fn capital(wan: u32, index: u32) -> String {
    match index % 7 {
        0 => format!("{}(万人民币元)", thousands(u64::from(wan))),
        1 => format!("{wan}（万元）"),
        2 => full_width(&format!("{wan}万元")),
        3 => format!("{wan}.0000万人民币"),
        _ => format!("{wan}万元人民币"),
    }
}

fn scope(city: &City, index: u32) -> String {
    let enterprise = &city.enterprises()[index as usize];
    let quiet = city.plan_of(index).is_some_and(|plan| plan.quiet);
    let text = match enterprise.sector {
        sector::LENDER => "办理各项小额贷款业务",
        sector::WEALTH | sector::ASSETS if matches!(enterprise.role, Role::Scheme(_)) && !quiet => {
            "财富管理；理财咨询；受托资产管理；股权投资"
        }
        sector::WEALTH | sector::ASSETS => {
            "受托资产管理（不得从事信托、金融资产管理、证券资产管理）；企业管理咨询"
        }
        sector::INVESTMENT => "投资咨询（不得从事吸收存款、理财等金融业务）；企业管理咨询",
        sector::ELDERLY => "养老服务；健康咨询；会员卡销售",
        sector::EDUCATION => "教育咨询；文化艺术培训（预付费）",
        sector::GYM => "健身服务；体育用品销售；会员卡销售",
        sector::SHOP => "网上销售日用百货；积分兑换；商务信息咨询",
        sector::PROPERTY => "物业管理；停车场经营；房屋租赁",
        3 => "网络技术开发；区块链技术开发；数字藏品设计",
        2 => "计算机软件开发；技术咨询；技术服务",
        10 => "商业运营管理；设备租赁；企业管理咨询",
        _ => "国内贸易；货物进出口；依法须经批准的项目，经相关部门批准后方可开展经营活动",
    };
    text.to_owned()
}
