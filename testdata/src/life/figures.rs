//! What is counted of an enterprise: revenue, insured staff, contributions,
//! power, water, gas, rent. Reported when it begins, when it changes, and once a
//! year; invoices, prepaid balances and foreign trade by quarter.

use super::Month;
use crate::event::{Events, Kind, NEVER, NONE};
use crate::random::{mix, stream};
use crate::scheme;
use crate::world::class::Class;
use crate::world::form::Form;
use crate::world::trade::{TRADES, number as trade};
use crate::world::{Enterprise, World, month_of_year, year_of};

/// What is counted: numbers of [`Month::due`] and [`Month::has_trait`].
mod what {
    pub(super) const TAX: u64 = 11;
    pub(super) const INSURED: u64 = 12;
    pub(super) const FUND: u64 = 13;
    pub(super) const POWER: u64 = 14;
    pub(super) const WATER: u64 = 15;
    pub(super) const GAS: u64 = 16;
    pub(super) const LEASE: u64 = 17;
    pub(super) const INVOICE: u64 = 18;
    pub(super) const TRADE: u64 = 19;
    pub(super) const PROPERTY: u64 = 20;
}

/// So many of a thousand report a change in a month in which nothing is due.
const CHANGES_PER_MILLE: u32 = 4;

pub(super) fn happen(month: &mut Month, out: &mut Events) {
    tax(month, out);
    insured(month, out);
    fund(month, out);
    utilities(month, out);
    premises(month, out);
    site(month, out);
    quarterly(month, out);
}

/// A year's revenue in yuan, as far as the tax office knows.
pub(crate) fn revenue(world: &World, of: &Enterprise, day: i32) -> i64 {
    let year = year_of(day) as u64;
    let hash = mix(
        world.seed,
        stream::FIGURE,
        u64::from(of.index),
        year << 8 | what::TAX,
    );
    let head = i64::from(of.staff) * (80_000 + (hash % 300_000) as i64);
    match of.class {
        _ if day >= of.troubled => head / 5,
        Class::Scheme => head / 6,
        Class::Shop | Class::Hospital | Class::Payroll => head * 8,
        Class::Lender | Class::Fund => head * 3,
        _ => head,
    }
}

/// Insured staff on `day`.
fn insured_staff(world: &World, of: &Enterprise, day: i32) -> i64 {
    let year = year_of(day) as u64;
    let hash = mix(
        world.seed,
        stream::FIGURE,
        u64::from(of.index),
        year << 8 | what::INSURED,
    );
    let staff = i64::from(of.staff) * (75 + (hash % 35) as i64) / 100;
    match of.plan {
        _ if day >= of.troubled => staff / 4,
        Some(plan) if plan.visible > 25 => staff.min(2),
        Some(plan) if day > plan.collapse => 0,
        _ => staff,
    }
}

fn reports(month: &mut Month, what: u64) -> bool {
    month.fresh || month.due(what) || month.dice.per_mille(CHANGES_PER_MILLE)
}

/// The day a figure is for: the month's own, or the start of it all.
fn figure_day(month: &mut Month) -> i32 {
    if month.fresh && month.of.founded < month.world.start {
        month.world.start - month.dice.range(1, 28)
    } else {
        month.day()
    }
}

fn tax(month: &mut Month, out: &mut Events) {
    if !reports(month, what::TAX) {
        return;
    }
    let day = figure_day(month);
    let yuan = revenue(month.world, month.of, day);
    let zero = yuan == 0 || month.has_trait(200, 8);
    let silent = month
        .dice
        .per_cent(if day >= month.of.troubled { 50 } else { 3 });
    let topic = match (silent, zero) {
        (true, _) => "未申报",
        (_, true) => "零申报",
        _ => "正常",
    };
    let event = out.put(Kind::TaxFiling, topic, day);
    event.fen = if topic == "正常" {
        yuan * 100 / 12
    } else {
        0
    };
    event.count = i64::from(month.of.staff);
}

fn insured(month: &mut Month, out: &mut Events) {
    if !reports(month, what::INSURED) || (month.of.staff == 0 && month.of.plan.is_none()) {
        return;
    }
    let day = figure_day(month);
    let staff = insured_staff(month.world, month.of, day);
    let event = out.put(Kind::Insured, "参保", day);
    event.count = staff;
    event.fen = staff * 128_000;
}

fn fund(month: &mut Month, out: &mut Events) {
    if month.of.staff < 3 || !month.has_trait(what::FUND, 42) || !reports(month, what::FUND) {
        return;
    }
    let day = figure_day(month);
    let staff = insured_staff(month.world, month.of, day) * 9 / 10;
    let event = out.put(Kind::FundPaid, "缴存", day);
    event.count = staff;
    event.fen = staff * 90_000;
}

fn utilities(month: &mut Month, out: &mut Events) {
    let hosted = month.of.class == Class::Hosted;
    if !hosted && month.has_trait(what::POWER, 55) && reports(month, what::POWER) {
        put_meter(month, out, "电", 180, 75);
    }
    if !hosted && month.has_trait(what::WATER, 28) && reports(month, what::WATER) {
        put_meter(month, out, "水", 9, 480);
    }
    let gas = if month.of.trade == trade::CATERING {
        80
    } else {
        6
    };
    if month.has_trait(what::GAS, gas) && reports(month, what::GAS) {
        put_meter(month, out, "气", 15, 420);
    }
}

/// A month's quantity: `each` units a head, at `fen` a unit.
fn put_meter(month: &mut Month, out: &mut Events, topic: &'static str, each: i64, fen: i64) {
    let day = figure_day(month);
    let industry = if TRADES[usize::from(month.of.trade)].letter == 'C' {
        6
    } else {
        1
    };
    let heads = insured_staff(month.world, month.of, day).max(1);
    let dead = month
        .of
        .plan
        .is_some_and(|plan| plan.visible > 50 || day > plan.collapse);
    let empty = dead || day >= month.of.troubled.saturating_add(60) || month.dice.per_cent(2);
    let quantity = if empty {
        // Below what agencies take for no use at all.
        i64::from(
            month
                .dice
                .below(u32::try_from(each / 3).unwrap_or(1).max(2)),
        )
    } else {
        heads * industry * each * i64::from(60 + month.dice.below(80)) / 100
    };
    let event = out.put(Kind::Utility, topic, day);
    event.count = quantity;
    event.fen = quantity * fen;
}

fn premises(month: &mut Month, out: &mut Events) {
    let of = month.of;
    let moved = month.has(of.moved);
    if (month.fresh && month.has_trait(what::LEASE, 45)) || moved {
        let day = if moved { of.moved } else { month.began() };
        let kind = match TRADES[usize::from(of.trade)].letter {
            'F' | 'H' | 'R' => "商铺",
            'C' | 'G' => "仓库",
            _ => "办公",
        };
        let years = month.dice.range(1, 5);
        let rent = month.dice.amount(2_000, 60_000) * 100;
        let landlord = month.world.anybody(&mut month.dice);
        let event = out.put(Kind::Lease, kind, day);
        event.fen = rent;
        event.until = day + years * 365;
        event.count = rent / 6_000;
        event.other = landlord;
    }
    if month.fresh && month.has_trait(what::PROPERTY, 8) {
        let day = month.began();
        let event = out.put(Kind::Property, "不动产登记", day);
        event.fen = month.dice.amount(500_000, 80_000_000) * 100;
        event.count = i64::from(month.dice.below(900) + 40);
    }
    if month.has(of.troubled.saturating_add(50)) {
        out.put(Kind::LeaseEnd, "退租", month.from);
    }
}

fn site(month: &mut Month, out: &mut Events) {
    if !month.fresh || !month.of.site {
        return;
    }
    let unfiled = match month.of.plan {
        Some(plan) => plan.visible > 25 && month.has_trait(30, 45),
        None => month.has_trait(30, 3),
    };
    let topic = ["网站", "网站", "网站", "APP", "小程序"][(month.of.index % 5) as usize];
    let day = month.began();
    if unfiled {
        let topic = if topic == "APP" { "APP" } else { "网站" };
        out.put(Kind::Unfiled, topic, day);
    } else {
        let years = month.dice.range(1, 4);
        out.put(Kind::Icp, topic, day).until = if month.dice.per_cent(70) {
            NEVER
        } else {
            month.world.start + years * 365
        };
    }
}

fn quarterly(month: &mut Month, out: &mut Events) {
    let of = month.of;
    if month_of_year(month.month) % 3 != 1 && !month.fresh {
        return;
    }
    let day = month.from;
    let quarter = revenue(month.world, of, day) * 25;
    if month.has_trait(what::INVOICE, 20) && of.form != Form::Household {
        let share = i64::from(70 + month.dice.below(40));
        let event = out.put(Kind::Invoice, "开票汇总", day);
        event.fen = quarter * share / 100;
        event.percent = if quarter > 0 { share as u32 } else { NONE };
        event.count = event.fen / 2_000_000 + 1;
    }
    if month.has_trait(
        what::TRADE,
        if matches!(of.trade, 18 | 32) { 30 } else { 2 },
    ) {
        let topic = if of.index.is_multiple_of(3) {
            "进口"
        } else {
            "出口"
        };
        let event = out.put(Kind::Trade, topic, day);
        event.fen = quarter / 2;
        event.count = i64::from(month.dice.below(60) + 1);
    }
    prepaid(month, out, day);
}

/// What a kind of prepayment is like, lawfully.
struct Prepayment {
    balance: &'static str,
    capacity: &'static str,
    /// Places to give.
    places: u32,
    /// Customers in per cent of the places, from and to.
    used: (u32, u32),
    /// Yuan a customer, from and to.
    each: (i64, i64),
}

fn prepayment(month: &Month) -> Option<Prepayment> {
    let shared = ["共享车辆", "网约车"]
        .contains(&super::licence::odd(month.world, month.of.index).unwrap_or(""));
    Some(match month.of.trade {
        _ if shared => Prepayment {
            balance: "押金",
            capacity: "座位",
            places: 900,
            used: (50, 280),
            each: (99, 700),
        },
        trade::EDUCATION => Prepayment {
            balance: "学费",
            capacity: "学籍",
            places: 300,
            used: (50, 110),
            each: (800, 5_800),
        },
        trade::GYM => Prepayment {
            balance: "健身",
            capacity: "会员",
            places: 800,
            used: (30, 140),
            each: (600, 5_500),
        },
        trade::ELDERLY => Prepayment {
            balance: "养老",
            capacity: "床位",
            places: 120,
            used: (40, 98),
            each: (3_000, 70_000),
        },
        trade::HEALTH if month.has_trait(41, 50) => Prepayment {
            balance: "医美",
            capacity: "座位",
            places: 60,
            used: (30, 140),
            each: (1_000, 28_000),
        },
        trade::CATERING | trade::SHOP if month.has_trait(40, 40) => Prepayment {
            balance: "预付卡",
            capacity: "座位",
            places: 150,
            used: (30, 140),
            each: (100, 3_000),
        },
        _ => return None,
    })
}

/// Balances that customers have paid in advance, and what there is to give. A
/// scheme takes more customers than it has places, and more from each.
fn prepaid(month: &mut Month, out: &mut Events, quarter: i32) {
    let Some(kind) = prepayment(month) else {
        return;
    };
    let swollen = month
        .of
        .plan
        .filter(|plan| quarter > plan.intake && month.dice.per_cent(plan.visible.max(15)));
    let used = kind.used.0 + month.dice.below(kind.used.1 - kind.used.0);
    let used = swollen.map_or(used, |plan| 130 + plan.size * (20 + month.dice.below(57)));
    let each = month.dice.amount(kind.each.0, kind.each.1);
    let each = if swollen.is_some() {
        kind.each.1 * i64::from(13 + month.dice.below(30)) / 10
    } else {
        each
    };
    let places = i64::from(kind.places) * i64::from(month.dice.below(100) + 30) / 100;
    let customers = places * i64::from(used) / 100;
    let event = out.put(Kind::Prepaid, kind.balance, quarter - 1);
    event.count = customers;
    event.fen = customers * each * 100;
    event.percent = used;
    event.text = match swollen {
        Some(plan) => scheme::clause(&plan, &mut month.dice).into(),
        None if month.dice.per_cent(4) => "充一千送一百".into(),
        None => "".into(),
    };
    if month.fresh || month_of_year(month.month) == 1 {
        out.put(Kind::Capacity, kind.capacity, quarter).count = places;
    }
}
