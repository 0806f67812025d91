//! 人民银行 · 账户 (whose account it is) and 可疑账户线索 (what is odd about it).
//!
//! A lead speaks of an account only; whom it belongs to arrives in another file,
//! before or after. Institutions revoke some leads.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::Feed;
use crate::calendar::iso;
use crate::city::City;
use crate::code;
use crate::enterprise::Role;
use crate::event::{self, Event, Rates, Version};
use crate::random::{keyed, pick};
use crate::scheme::{Phase, Plan, Typology};
use crate::sheet::{Encoding, Layout, Sheet};

/// Owners' numbers of accounts that are held by persons begin here.
const PERSONAL: u64 = 5_000_000_000;

pub(super) const ACCOUNT: Feed = Feed {
    layout: &Layout {
        folder: "pbc/account",
        columns: &["账户", "持有企业代码", "开户机构", "开户日期"],
        encoding: Encoding::Utf8,
        code: Some(1),
        date: Some(3),
        amount: None,
    },
    rows: account_rows,
};

fn account_rows(city: &City, day: i32, sheet: &mut Sheet) {
    let from = if day == city.start() {
        0
    } else {
        city.founded_by(day - 1)
    };
    for index in from..city.founded_by(day) {
        put_account(city, index, 0, day, sheet);
    }
    for plan in city
        .plans()
        .iter()
        .filter(|plan| plan.typology != Typology::PersonalAccounts)
    {
        for serial in 1..plan.accounts() {
            if holder_known(city, plan, serial) == day {
                put_account(city, plan.enterprise, serial, day, sheet);
            }
        }
    }
}

fn put_account(city: &City, index: u32, serial: u32, day: i32, sheet: &mut Sheet) {
    let enterprise = &city.enterprises()[index as usize];
    let mut rng = keyed(city.seed(), 220, i64::from(serial), u64::from(index));
    let fields = vec![
        code::account(city.seed(), u64::from(index), serial),
        enterprise.uscc(index),
        pick(&mut rng, &INSTITUTIONS).to_owned(),
        iso(if serial == 0 {
            enterprise.founded
        } else {
            day - 2
        }),
    ];
    sheet.put(&mut rng, fields);
}

/// The day on which the holder of a scheme's further account becomes known;
/// that of every fifth account long after the first leads on it.
fn holder_known(city: &City, plan: &Plan, serial: u32) -> i32 {
    let late = if (plan.enterprise + serial).is_multiple_of(5) {
        60
    } else {
        0
    };
    (plan.promotion + 10 * serial as i32 + late).max(city.start())
}

pub(super) const PERSONAL_ACCOUNT: Feed = Feed {
    layout: &Layout {
        folder: "pbc/personal_account",
        columns: &["账户", "持有人", "开户机构", "开户日期"],
        encoding: Encoding::Utf8,
        code: None,
        date: Some(3),
        amount: None,
    },
    rows: personal_rows,
};

fn personal_rows(city: &City, day: i32, sheet: &mut Sheet) {
    for plan in city
        .plans()
        .iter()
        .filter(|plan| plan.typology == Typology::PersonalAccounts)
    {
        for serial in 0..plan.accounts() {
            if holder_known(city, plan, serial) != day {
                continue;
            }
            let owner = PERSONAL + u64::from(plan.enterprise);
            let mut rng = keyed(city.seed(), 221, i64::from(serial), owner);
            let fields = vec![
                code::account(city.seed(), owner, serial),
                code::person(
                    city.seed(),
                    city.enterprises()[plan.enterprise as usize].person,
                ),
                pick(&mut rng, &INSTITUTIONS).to_owned(),
                iso(day - 2),
            ];
            sheet.put(&mut rng, fields);
        }
    }
}

const INSTITUTIONS: [&str; 8] = [
    "滨海银行",
    "港湾银行",
    "东岭农商行",
    "西河村镇银行",
    "海付支付",
    "通联达支付",
    "云闪收支付",
    "城商支付",
];

pub(super) const LEAD: Feed = Feed {
    layout: &Layout {
        folder: "pbc/lead",
        columns: &[
            "线索编号",
            "报送机构",
            "窗口起",
            "窗口止",
            "账户",
            "付款人数",
            "流入金额",
            "流出金额",
            "老年付款人占比",
            "特征代码",
            "可信度",
            "op",
        ],
        encoding: Encoding::Utf8,
        code: None,
        date: Some(3),
        amount: Some(6),
    },
    rows: |city, day, sheet| event::put_corrected(city, day, sheet, &LEAD_RATES, lead),
};

const LEAD_RATES: Rates = Rates {
    stream: 222,
    ordinary: 15,
    role: |role| match role {
        Role::Lender | Role::Shop | Role::Payroll => 1_500,
        Role::Tuition | Role::Property => 1_000,
        Role::Gym => 600,
        _ => 20,
    },
    scheme: |plan, day| match plan.phase(day) {
        Phase::Promotion => 5_000,
        Phase::Intake | Phase::Payback => 8_000 + 2_000 * plan.size,
        Phase::SlowDown => 25_000,
        Phase::Collapse => 10_000,
        _ => 0,
    },
};

fn lead(city: &City, event: &Event, version: Version) -> Vec<String> {
    let mut rng = event.rng(city);
    let found = match event.plan(city) {
        Some(plan) => about_scheme(city, plan, event.day, &mut rng),
        None => about_others(city, event.enterprise, &mut rng),
    };
    let elderly = if version == Version::Corrected {
        0
    } else {
        found.elderly
    };
    vec![
        format!("XS{}", event.number()),
        pick(&mut rng, &INSTITUTIONS).to_owned(),
        iso(event.date - 30),
        iso(event.date),
        found.account,
        found.payers.to_string(),
        format!("{}.00", found.sum_in),
        format!("{}.00", found.sum_out),
        elderly.to_string(),
        format!("|{}|", found.patterns.join("|")),
        format!(
            "0.{}",
            rng.gen_range(found.confidence..found.confidence + 20)
        ),
        version.op(),
    ]
}

/// What an institution sees on one account in thirty days.
struct Found {
    account: String,
    payers: u32,
    sum_in: u64,
    sum_out: u64,
    /// Payers of 60 and more, per cent.
    elderly: u32,
    patterns: Vec<&'static str>,
    /// Per cent, at least.
    confidence: u32,
}

fn about_scheme(city: &City, plan: &Plan, day: i32, rng: &mut ChaCha8Rng) -> Found {
    let personal = plan.typology == Typology::PersonalAccounts;
    let owner = u64::from(plan.enterprise) + if personal { PERSONAL } else { 0 };
    let serial = rng.gen_range(0..plan.accounts());
    let grown = (day - plan.promotion).clamp(5, 240) as u32;
    let payers = (plan.size * grown * rng.gen_range(2..6u32)) / 10 + 3;
    let sum_in = u64::from(payers) * rng.gen_range(8_000..60_000u64);
    let back = match plan.phase(day) {
        Phase::Promotion | Phase::Intake => rng.gen_range(10..40u64),
        Phase::Payback => rng.gen_range(50..90),
        _ => rng.gen_range(90..130),
    };
    Found {
        account: code::account(city.seed(), owner, serial),
        payers,
        sum_in,
        sum_out: sum_in * back / 100,
        elderly: if plan.typology == Typology::ElderlyCare {
            rng.gen_range(50..90)
        } else {
            rng.gen_range(10..45)
        },
        patterns: patterns(plan, day, rng),
        confidence: 65,
    }
}

fn patterns(plan: &Plan, day: i32, rng: &mut ChaCha8Rng) -> Vec<&'static str> {
    let mut patterns: Vec<&str> = match plan.phase(day) {
        Phase::Promotion | Phase::Intake => vec!["D1", "D2"],
        Phase::Payback => vec!["D1", "D3", "D10"],
        Phase::SlowDown => vec!["D3", "D5", "D10"],
        _ => vec!["D5", "D15"],
    };
    match plan.typology {
        Typology::ConsumerRebate => patterns.push("D6"),
        Typology::VirtualCurrency => patterns.push("D11"),
        Typology::PersonalAccounts => patterns.push("D12"),
        _ => {}
    }
    // No institution sees everything.
    patterns.retain(|_| rng.gen_range(0..100u32) < 60);
    if patterns.is_empty() {
        patterns.push("D8");
    }
    patterns
}

fn about_others(city: &City, enterprise: u32, rng: &mut ChaCha8Rng) -> Found {
    let role = city.enterprises()[enterprise as usize].role;
    let (payers, patterns) = match role {
        Role::Shop => (rng.gen_range(300..5_000u32), vec!["D1", "D4"]),
        Role::Property | Role::Gym => (rng.gen_range(80..900), vec!["D1", "D2"]),
        Role::Tuition => (rng.gen_range(60..600), vec!["D1", "D2"]),
        Role::Lender => (rng.gen_range(40..400), vec!["D1", "D3"]),
        Role::Payroll => (rng.gen_range(2..8), vec!["D3", "D11"]),
        _ => (
            rng.gen_range(1..30),
            vec![pick(rng, &["D3", "D4", "D8", "D9", "D10", "D15"])],
        ),
    };
    let sum_in = u64::from(payers) * rng.gen_range(500..9_000u64);
    Found {
        account: code::account(city.seed(), u64::from(enterprise), 0),
        payers,
        sum_in,
        sum_out: sum_in * rng.gen_range(60..105u64) / 100,
        elderly: rng.gen_range(2..35),
        patterns,
        confidence: 40,
    }
}
