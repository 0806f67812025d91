//! 市场监督管理局 · 行政处罚, 经营异常名录, 12315 投诉.

use rand::Rng;

use super::annual_report::report_day;
use super::{Feed, code_of, name_and_code, name_of};
use crate::calendar::{civil, from_civil, iso};
use crate::city::City;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates, Version};
use crate::random::{keyed, mix, pick};
use crate::scheme::Phase;
use crate::sheet::{Encoding, Layout, Sheet};

pub(super) const PENALTY: Feed = Feed {
    layout: &Layout {
        folder: "msa/penalty",
        columns: &[
            "处罚决定书文号",
            "当事人",
            "统一社会信用代码",
            "违法类型",
            "罚款金额",
            "决定日期",
            "op",
        ],
        encoding: Encoding::Gb18030,
        code: Some(2),
        date: Some(5),
        amount: Some(4),
    },
    rows: |city, day, sheet| event::put_corrected(city, day, sheet, &PENALTY_RATES, penalty),
};

const PENALTY_RATES: Rates = Rates {
    stream: 120,
    ordinary: 40,
    role: |role| match role {
        Role::Shop | Role::Tuition | Role::Gym => 250,
        Role::Property => 150,
        _ => 30,
    },
    scheme: |plan, day| match plan.phase(day) {
        Phase::Promotion | Phase::Intake if !plan.quiet => 2_500,
        Phase::Payback | Phase::SlowDown => 1_500,
        Phase::Collapse => 4_000,
        _ => 0,
    },
};

fn penalty(city: &City, event: &Event, version: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let offence = match event.scheme {
        Some(_) => pick(&mut rng, &["虚假宣传", "违规发布广告", "超范围经营"]),
        None => pick(
            &mut rng,
            &[
                "计量违法",
                "价格违法",
                "产品质量",
                "标签不符",
                "虚假宣传",
                "违规发布广告",
            ],
        ),
    };
    let yuan = [2_000, 5_000, 10_000, 30_000, 100_000][rng.gen_range(0..5u32) as usize];
    let yuan = if version == Version::Corrected {
        yuan / 2
    } else {
        yuan
    };
    let amount = if rng.gen_range(0..4u32) == 0 && yuan >= 10_000 {
        format!("{}万元", yuan / 10_000)
    } else {
        format!("{yuan}.00")
    };
    vec![
        format!("滨市监罚字{}号", event.number()),
        name_of(city, event.enterprise),
        code_of(city, &mut rng, event.enterprise),
        offence.to_owned(),
        amount,
        iso(event.date),
        version.op(),
    ]
}

pub(super) const ABNORMAL_LIST: Feed = Feed {
    layout: &Layout {
        folder: "msa/abnormal_list",
        columns: &[
            "列入编号",
            "统一社会信用代码",
            "企业名称",
            "列入原因",
            "列入日期",
            "移出日期",
        ],
        encoding: Encoding::Utf8,
        code: Some(1),
        date: Some(4),
        amount: None,
    },
    rows: abnormal_rows,
};

const ABSENT_RATES: Rates = Rates {
    stream: 122,
    ordinary: 30,
    role: |role| match role {
        Role::Hosted => 120,
        Role::Troubled => 1_000,
        _ => 20,
    },
    scheme: |plan, day| match plan.phase(day) {
        Phase::SlowDown => 2_000,
        Phase::Collapse => 15_000,
        _ => 0,
    },
};

/// Days after which most enterprises have been found again and are taken off.
const LISTED_DAYS: i32 = 60;

fn abnormal_rows(city: &City, day: i32, sheet: &mut Sheet) {
    event::put(city, day, sheet, &ABSENT_RATES, |city, event, _| {
        absent(city, event, None)
    });
    if day - LISTED_DAYS >= city.start() {
        for event in event::draw(city, &ABSENT_RATES, day - LISTED_DAYS) {
            if event.scheme.is_none() && event.serial % 5 < 3 {
                sheet.put_clean(&absent(city, &event, Some(day)));
            }
        }
    }
    if civil(day).1 == 7 {
        put_unreported(city, day, sheet);
    }
}

fn absent(city: &City, event: &Event, removed: Option<i32>) -> Vec<String> {
    let mut rng = event.rng(city);
    vec![
        format!("YC{}", event.number()),
        code_of(city, &mut rng, event.enterprise),
        name_of(city, event.enterprise),
        "通过登记的住所或者经营场所无法联系".to_owned(),
        iso(event.date),
        removed.map(iso).unwrap_or_default(),
    ]
}

/// In July, who has not reported the year before.
fn put_unreported(city: &City, day: i32, sheet: &mut Sheet) {
    let (year, _, dom) = civil(day);
    let new_year = from_civil(year, 1, 1);
    for index in 0..city.founded_by(new_year) {
        let turn = mix(city.seed(), 124, u64::from(index), year as u64) % 31 + 1;
        let enterprise = &city.enterprises()[index as usize];
        let due = enterprise.founded < new_year && enterprise.lives(day);
        if due && turn == dom as u64 && report_day(city, index, year).is_none() {
            let fields = vec![
                format!("YCN{year}{index:07}"),
                enterprise.uscc(index),
                name_of(city, index),
                "未依照规定公示年度报告".to_owned(),
                iso(day),
                String::new(),
            ];
            sheet.put(
                &mut keyed(city.seed(), 125, i64::from(day), u64::from(index)),
                fields,
            );
        }
    }
}

pub(super) const COMPLAINT_12315: Feed = Feed {
    layout: &Layout {
        folder: "msa/complaint_12315",
        columns: &[
            "投诉编号",
            "被投诉企业",
            "统一社会信用代码",
            "投诉类别",
            "投诉内容",
            "涉诉金额",
            "登记日期",
        ],
        encoding: Encoding::Utf8,
        code: Some(2),
        date: Some(6),
        amount: Some(5),
    },
    rows: |city, day, sheet| event::put(city, day, sheet, &COMPLAINT_RATES, complaint),
};

const COMPLAINT_RATES: Rates = Rates {
    stream: 126,
    ordinary: 120,
    role: |role| match role {
        Role::Shop => 4_000,
        Role::Gym | Role::Tuition => 2_500,
        Role::Property | Role::Franchise => 800,
        Role::Troubled => 3_000,
        _ => 100,
    },
    scheme: |plan, day| match plan.phase(day) {
        _ if !plan.complained_of(day) => 0,
        Phase::Intake | Phase::Payback => 6_000,
        Phase::SlowDown => 30_000,
        Phase::Collapse => 120_000,
        _ => 0,
    },
};

fn complaint(city: &City, event: &Event, _: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let (name, code) = name_and_code(city, &mut rng, event.enterprise);
    let (kind, text, yuan) = match event.plan(city) {
        Some(plan) => (
            "合同",
            format!("{}，到期不退款", plan.pitch(&mut rng)),
            rng.gen_range(10_000..300_000u32),
        ),
        None => {
            let text = pick(
                &mut rng,
                &[
                    "商品质量问题",
                    "退货不退款",
                    "服务态度差",
                    "预付卡退费慢",
                    "快递延误",
                    "标价不符",
                ],
            );
            ("售后服务", text.to_owned(), rng.gen_range(50..5_000u32))
        }
    };
    vec![
        format!("TS{}", event.number()),
        name,
        code,
        kind.to_owned(),
        text,
        format!("{yuan}元"),
        iso(event.date),
    ]
}
