//! Accounts and what banks and payment institutions notice on them. Leads are
//! derived: a month of payments is played for an account that somebody looks at,
//! and each institution finds in it what its own rules find.

mod detector;
mod payments;
mod profile;
mod remark;

use std::borrow::Cow;

use crate::event::{AccountOf, Events, Kind};
use crate::life::Month;
use crate::life::revenue;
use crate::random::{Dice, mix, stream};
use crate::scheme::{Phase, Plan};
use crate::world::class::Class;
use crate::world::month_of_year;
use detector::{Care, bit, look};
use payments::{Payment, play};
use profile::{Profile, lawful, scheme};
use remark::{Holder, sample};

/// Who keeps accounts. None of these names is anybody's.
pub(crate) const INSTITUTIONS: [&str; 8] = [
    "滨海银行",
    "港湾银行",
    "东岭农商行",
    "西河村镇银行",
    "海付支付",
    "滨通支付",
    "云岭收支付",
    "城汇支付",
];

/// How closely each of them looks.
const CARE: [Care; 8] = [
    Care {
        payers: 30,
        patterns: 2,
    },
    Care {
        payers: 40,
        patterns: 2,
    },
    Care {
        payers: 50,
        patterns: 3,
    },
    Care {
        payers: 80,
        patterns: 3,
    },
    Care {
        payers: 60,
        patterns: 2,
    },
    Care {
        payers: 100,
        patterns: 3,
    },
    Care {
        payers: 30,
        patterns: 3,
    },
    Care {
        payers: 50,
        patterns: 2,
    },
];

/// The institution that keeps an enterprise's account.
pub(crate) fn keeper(seed: u64, index: u32, account: AccountOf) -> u8 {
    let serial = match account {
        AccountOf::First => 0,
        AccountOf::Own(serial) => serial,
        AccountOf::Person(serial) => serial + 500,
    };
    (mix(seed, stream::ACCOUNT, u64::from(index), u64::from(serial)) % 8) as u8
}

pub(crate) fn happen(month: &mut Month, out: &mut Events) {
    if month.fresh {
        let began = month.of.founded + month.dice.range(3, 40);
        open(month, out, AccountOf::First, began);
        let more = [0, 0, 0, 0, 0, 0, 0, 0, 0, 2][month.dice.below(10) as usize];
        for serial in 0..more {
            let later = began + month.dice.range(5, 400);
            open(month, out, AccountOf::Own(20 + serial), later);
        }
    }
    match month.of.plan {
        Some(plan) => of_scheme(month, &plan, out),
        None => of_lawful(month, out),
    }
}

fn open(month: &Month, out: &mut Events, account: AccountOf, day: i32) {
    let institution = keeper(month.world.seed, month.of.index, account);
    let event = out.put(Kind::Account, "开立", day);
    event.account = account;
    event.institution = institution;
}

/// Per mille of the months in which somebody looks at a lawful account closely.
fn looked_at(month: &Month) -> u32 {
    match month.of.class {
        Class::Lender | Class::Fund | Class::Payroll => 60,
        Class::Shop | Class::Charity => 30,
        Class::Property | Class::Tuition | Class::Hospital | Class::Gym => 18,
        Class::Franchise => 10,
        Class::TradeCredit if matches!(month_of_year(month.month), 1 | 12) => 200,
        Class::Failing if month.to >= month.of.troubled => 50,
        Class::Ordinary | Class::Moved | Class::Hosted => 2,
        _ => 0,
    }
}

fn of_lawful(month: &mut Month, out: &mut Events) {
    let chance = looked_at(month);
    if chance == 0 || !month.dice.per_mille(chance) {
        return;
    }
    let december = matches!(month_of_year(month.month), 1 | 12);
    if let Some(profile) = lawful(month.of.class, december, &mut month.dice) {
        let found = report(month, out, AccountOf::First, &profile);
        if found && month.dice.per_cent(6) {
            report(month, out, AccountOf::Own(1), &profile);
        }
    }
}

/// A scheme's accounts are opened as it grows; that of every fifth becomes known
/// long after the first leads on it.
fn of_scheme(month: &mut Month, plan: &Plan, out: &mut Events) {
    for serial in 0..plan.accounts() {
        let late = if (plan.number + serial).is_multiple_of(5) {
            60
        } else {
            0
        };
        let known = (plan.promotion + 10 * serial as i32 + late).max(month.world.start);
        let account = account(plan, serial);
        if month.has(known) && account != AccountOf::First {
            announce(month, plan, out, account, known);
        }
    }
    let day = month.to;
    if plan.phase(day) < Phase::Promotion || plan.phase(day) > Phase::Collapse {
        return;
    }
    for serial in 0..plan.accounts() {
        // What the rules are to find, somebody must look at first.
        if month.dice.per_cent(12 + plan.visible / 3) {
            let share = 130 / plan.accounts() / plan.members.min(4) + 5;
            let profile = scheme(plan, day, share, &mut month.dice);
            report(month, out, account(plan, serial), &profile);
        }
    }
}

fn account(plan: &Plan, serial: u32) -> AccountOf {
    match serial {
        _ if plan.collects_on_persons() => AccountOf::Person(serial),
        0 => AccountOf::First,
        serial => AccountOf::Own(serial),
    }
}

fn announce(month: &mut Month, plan: &Plan, out: &mut Events, account: AccountOf, day: i32) {
    if !matches!(account, AccountOf::Person(_)) {
        return open(month, out, account, day);
    }
    let institution = keeper(month.world.seed, month.of.index, account);
    let person = month.of.representative(month.world, day);
    let event = out.put(Kind::PersonalAccount, "收款账户", day);
    event.account = account;
    event.institution = institution;
    event.person = person;
    event.count = i64::from(plan.size) * 12 + 20;
}

/// Whether an institution hands over remarks: the payment institutions do and leave
/// it to the receiver to read them; banks read them and report pattern D6. So no
/// lead says the same twice.
fn hands_over_remarks(institution: u8) -> bool {
    institution >= 4
}

/// The remarks that go with a lead, or none.
fn remarks(month: &Month, institution: u8, key: u64, payments: &[Payment]) -> String {
    if !hands_over_remarks(institution) {
        return String::new();
    }
    // Dice of their own: a word more or less must not change what else happens.
    let mut dice = Dice::new(
        month.world.seed,
        stream::REMARK,
        key,
        u64::from(institution),
    );
    let holder = match month.of.plan {
        Some(plan) => Holder::Scheme(plan.typology),
        None => Holder::Lawful(month.of.class),
    };
    sample(holder, payments, &mut dice)
}

/// The patterns that an institution puts into its lead.
fn told(patterns: u32, institution: u8, ceased: bool) -> u32 {
    let left_out = if hands_over_remarks(institution) {
        bit(6)
    } else {
        0
    };
    (patterns & !left_out) | if ceased { CEASED } else { 0 }
}

/// The pattern H1: regular payback has ceased.
const CEASED: u32 = 1 << 15;

/// Plays a month on an account and puts a lead when its keeper reports one.
/// Returns whether it does.
fn report(month: &mut Month, out: &mut Events, account: AccountOf, profile: &Profile) -> bool {
    let institution = keeper(month.world.seed, month.of.index, account);
    let key = u64::from(month.of.index) << 16 | month.month as u64;
    let mut dice = Dice::new(
        month.world.seed,
        stream::PAYMENTS,
        key,
        u64::from(institution),
    );
    let payments = play(profile, &mut dice);
    let declared = revenue(month.world, month.of, month.to) * 100 / 12;
    let care = CARE[usize::from(institution)];
    let Some(found) = look(profile, &payments, declared, care) else {
        return false;
    };
    let known = !matches!(
        month.of.class,
        Class::Ordinary | Class::Moved | Class::Hosted | Class::Scheme
    );
    // Institutions know many of their customers' trades, and report them less.
    if known && dice.per_cent(35) {
        return false;
    }
    let phase = month.of.plan.map(|plan| plan.phase(month.to));
    let ceased = match phase {
        Some(Phase::SlowDown) => dice.per_cent(25),
        Some(Phase::Collapse) => dice.per_cent(60),
        _ => dice.per_cent(2),
    };
    let places = match (phase, month.of.class) {
        (Some(_), _) => 1 + dice.below(month.of.plan.map_or(1, |plan| plan.size * 2)),
        (_, Class::Shop | Class::Charity | Class::Fund) => 1 + dice.below(25),
        _ => 1 + dice.below(4),
    };
    let doubt = if known {
        dice.below(22)
    } else {
        dice.below(12)
    };
    let day = (month.to).max(month.from);
    let event = out.put(Kind::Lead, "可疑线索", day);
    event.account = account;
    event.institution = institution;
    event.patterns = told(found.patterns, institution, ceased);
    event.text = Cow::Owned(remarks(month, institution, key, &payments));
    event.places = places;
    event.count = i64::from(found.payers);
    event.fen = found.in_fen;
    event.out_fen = found.out_fen;
    event.percent = found.elderly;
    event.confidence = found.confidence.saturating_sub(doubt).max(10);
    event.person = month.of.representative(month.world, day);
    if found.patterns & bit(14) != 0 {
        out.put(Kind::CrossBorder, "收支异常", day).fen = found.out_fen / 3;
    }
    true
}
