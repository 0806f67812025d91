//! What the registry sees: founding, shares, changes, reports, the end.

use super::Month;
use super::measured::SILENT_PER_CENT;
use crate::event::{Events, Kind};
use crate::world::class::Class;
use crate::world::{month_of_year, year_of};

pub(super) fn happen(month: &mut Month, out: &mut Events) {
    if month.fresh {
        founded(month, out);
    }
    changed(month, out);
    reported(month, out);
    ended(month, out);
}

fn founded(month: &mut Month, out: &mut Events) {
    let of = month.of;
    let agent = month.world.bookkeeper(of);
    out.put(Kind::Registered, "设立", of.founded).other = agent;
    together(month, out);
    reborn(month, out);
    if of.form.is_company() {
        let day = of.founded + month.dice.range(0, 20);
        shares(month, out, day);
        if month.has_trait(1, 40) {
            let began = month.began();
            let layers = layers(month);
            let event = out.put(Kind::Beneficial, "受益所有人", began);
            event.person = of.controller(month.world, month.from);
            event.percent = 26 + of.index % 75;
            event.count = layers;
        }
    }
    if of.class == Class::Hosted {
        let began = month.began();
        out.put(Kind::Host, "托管", began).other = month.world.host(of);
    }
    if of.index % 307 == 17 {
        let began = month.began();
        let event = out.put(Kind::StateOwned, "市属国企", began);
        event.percent = 51 + of.index % 50;
        event.fen = i64::from(of.capital_wan) * 1_000_000;
    }
}

/// Layers of ownership up to the person: deep in rings and in a few groups.
fn layers(month: &mut Month) -> i64 {
    let ring = month.of.plan.is_some_and(|plan| plan.members > 3);
    let deep = month.dice.per_cent(if ring { 70 } else { 4 });
    1 + i64::from(if deep {
        3 + month.dice.below(4)
    } else {
        month.dice.below(2)
    })
}

/// One agent sets up several at once: rings do, and so do chains and incubators.
fn together(month: &mut Month, out: &mut Events) {
    let of = month.of;
    let (chance, agent) = match of.plan {
        Some(plan) if plan.members > 3 => (plan.visible / 2, plan.mastermind(month.world)),
        _ if of.class == Class::Franchise => (25, of.person),
        _ => (u32::from(of.person >= month.world.total) * 5, of.person),
    };
    if !month.dice.per_cent(chance) {
        return;
    }
    let event = out.put(Kind::Batch, "批量设立", of.founded);
    event.person = agent;
    event.count = i64::from(3 + month.dice.below(9));
}

/// A new enterprise that goes on where another has ended: mostly a family firm,
/// now and then a scheme.
fn reborn(month: &mut Month, out: &mut Events) {
    let of = month.of;
    let chance = if of.plan.is_some() { 7 } else { 3 };
    let young = of.founded > month.world.start - 400;
    if !young || !month.dice.per_cent(chance) {
        return;
    }
    let before = month.world.anybody(&mut month.dice);
    let topic = if month.dice.per_cent(60) {
        "同一控制人"
    } else {
        "同一住所"
    };
    let event = out.put(Kind::Reborn, topic, of.founded + 15);
    event.other = before;
    event.person = of.controller(month.world, of.founded);
    event.percent = 35 + month.dice.below(65);
}

/// Who holds the shares now, and how many.
fn shares(month: &mut Month, out: &mut Events, day: i32) {
    let of = month.of;
    let deep = month.has_trait(2, if of.plan.is_some() { 25 } else { 8 });
    let other = month.world.anybody(&mut month.dice);
    let event = out.put(Kind::Equity, "股东出资", day);
    event.person = of.shareholder(month.world, day);
    event.percent = [100, 100, 90, 80, 70, 60, 51][(of.index % 7) as usize];
    event.fen = i64::from(of.capital(day)) * 1_000_000 * i64::from(event.percent) / 100;
    if deep {
        // A ring holds itself: the neighbour owns the neighbour.
        let next = of
            .plan
            .map(|plan| plan.first + (of.index - plan.first + 1) % plan.members);
        event.other = next.filter(|next| *next != of.index).unwrap_or(other);
    }
}

fn changed(month: &mut Month, out: &mut Events) {
    let of = month.of;
    let changes = [
        (of.renamed, "名称"),
        (of.moved, "住所"),
        (of.rescoped, "经营范围"),
        (of.swapped, "法定代表人"),
        (of.raised, "注册资本"),
        (of.sold, "股东"),
    ];
    for (day, topic) in changes {
        if !month.has(day) {
            continue;
        }
        let event = out.put(Kind::Changed, topic, day);
        event.person = of.representative(month.world, day);
        event.count = match topic {
            "法定代表人" if of.has_nominee() => 5 + i64::from(of.index % 23),
            "法定代表人" => 1 + i64::from(of.index % 9 / 8),
            _ => i64::from(of.changes(day)),
        };
        if topic == "股东" {
            let nominee = of.plan.is_some() || month.dice.per_cent(5);
            let kind = if nominee {
                "受让代持"
            } else {
                "股权转让"
            };
            let event = out.put(Kind::Transfer, kind, day);
            event.person = of.shareholder(month.world, day);
            event.percent = 30 + of.index % 71;
            event.fen = i64::from(of.capital(day)) * 300_000;
            if of.form.is_company() {
                shares(month, out, day);
            }
        }
    }
}

/// The annual report from January to June, from the year after the founding;
/// who does not file is listed in July, and mostly files then.
fn reported(month: &mut Month, out: &mut Events) {
    let of = month.of;
    let now = month_of_year(month.month);
    let year = year_of(month.from);
    if year_of(of.founded) >= year {
        return;
    }
    let per_cent = if of.plan.is_some() {
        25
    } else {
        SILENT_PER_CENT
    };
    let silent = month.has_trait(100 + year as u64, per_cent);
    let turn = 1 + ((of.index >> 3) + year as u32) % 6;
    if !silent && now == turn as i32 {
        let day = month.day();
        let staff = if of.plan.is_some() {
            of.staff.max(8)
        } else {
            of.staff
        };
        let event = out.put(Kind::AnnualReport, "年报", day);
        event.count = i64::from(staff);
        event.fen = i64::from(staff.max(1)) * 20_000_000;
        event.percent = of.paid_per_cent;
    } else if silent && now == 7 {
        let ordinal = out.put(Kind::Abnormal, "未年报", month.from + 5).ordinal;
        if month.dice.per_cent(40) {
            let day = month.from + month.dice.range(20, 120);
            let event = out.put(Kind::AbnormalEnd, "移出", day);
            event.ordinal = ordinal;
            event.until = day;
        }
    }
}

/// Deregistration is announced before it happens; some are struck off instead.
fn ended(month: &mut Month, out: &mut Events) {
    let of = month.of;
    let revoked = of.is_revoked();
    let notice = of.closed.saturating_sub(25 + (of.index % 30) as i32);
    if month.has(notice) && !revoked {
        let simple = of.index.is_multiple_of(2);
        let topic = if simple {
            "简易注销公告"
        } else {
            "普通注销备案"
        };
        let event = out.put(Kind::DeregFiled, topic, notice);
        event.until = of.closed;
        event.count = i64::from(month.dice.per_mille(3));
    }
    if month.has(of.closed) {
        let topic = if revoked { "吊销" } else { "注销" };
        out.put(Kind::Dissolved, topic, of.closed);
        out.put(Kind::AccountClosed, "撤销", of.closed - 1);
    }
}
