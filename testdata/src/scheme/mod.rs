//! Schemes: what they add to the life of their enterprises. Every sign is a
//! matter of chance and of how visible the scheme is, and every sign is also
//! given by somebody lawful.

mod plan;
mod signs;
mod text;
mod typology;

pub(crate) use plan::{Phase, Plan};
pub(crate) use text::clause;
pub use typology::{Role, Typology};

use std::borrow::Cow;

use crate::event::{Event, Events, Kind, NEVER};
use crate::life::{Month, fill};
use crate::random::Dice;
use crate::world::class::Class;

/// What a scheme adds to one of its enterprises' months.
pub(crate) fn happen(month: &mut Month, out: &mut Events) {
    let Some(plan) = month.of.plan else {
        return checked_in_vain(month, out);
    };
    let day = month.day();
    draw(month, &plan, plan.phase(day), out);
    if plan.role(month.of.index) == Role::Organiser {
        first_complaint(month, &plan, out);
    }
    repaired(month, &plan, out);
    outcome(month, &plan, out);
}

/// Signs of the phase. Shells give few, helpers advertise.
fn draw(month: &mut Month, plan: &Plan, phase: Phase, out: &mut Events) {
    let Some(column) = signs::column(phase) else {
        return;
    };
    let part = match plan.role(month.of.index) {
        Role::Organiser => 100,
        Role::Helper => 45,
        Role::Collector => 15,
        Role::Shell => 12,
    };
    let visible = u64::from(plan.visible) * part / 100;
    for sign in signs::of(plan.typology) {
        let quiet = plan.quiet && phase < Phase::SlowDown && signs::is_loud(sign.kind);
        let per_cent = if quiet { visible / 6 } else { visible };
        let ppm = u64::from(sign.per_mille[column]) * 10 * per_cent;
        for _ in 0..month.dice.count(ppm) {
            let day = month.day();
            put(month, plan, sign.kind, sign.topic, day, out);
        }
    }
}

fn put(
    month: &mut Month,
    plan: &Plan,
    kind: Kind,
    topic: &'static str,
    day: i32,
    out: &mut Events,
) {
    if signs::is_complaint(kind) && day < plan.first_complaint {
        return;
    }
    let event = out.put(kind, topic, day);
    fill(month.world, month.of, event, &mut month.dice);
    tell(plan, event, &mut month.dice);
    if matches!(
        kind,
        Kind::LostContact | Kind::PoliceCase | Kind::Prosecution
    ) {
        event.person = plan.mastermind(month.world);
    }
}

/// Says what people say of a scheme, with its sums and numbers.
fn tell(plan: &Plan, event: &mut Event, dice: &mut Dice) {
    event.text = Cow::Owned(match event.kind {
        Kind::Complaint | Kind::TipOff | Kind::Petition | Kind::Incident | Kind::PaybackDelay => {
            text::said(plan, event.date, dice)
        }
        Kind::Opinion => text::opinion(plan, event.date, event.topic, dice),
        Kind::Advert | Kind::Content | Kind::EventPermit => text::advert(plan, dice),
        Kind::Visit => text::seen(plan, event.topic, dice),
        Kind::Verification => text::found(plan, dice),
        Kind::Property | Kind::Lease | Kind::Licence if plan.typology == Typology::LeaseBack => {
            text::clause(plan, dice)
        }
        _ => return,
    });
    match event.kind {
        Kind::TipOff | Kind::Advert | Kind::Opinion => event.percent = text::yield_of(plan, dice),
        Kind::Complaint | Kind::Incident => event.fen = dice.amount(5_000, 300_000) * 100,
        Kind::Petition => event.count = i64::from(5 + plan.size * dice.below(12)),
        Kind::Visit => event.percent = 40 + dice.below(55),
        Kind::DeregFiled => event.count = i64::from(event.date + 45 > plan.finding),
        Kind::TelecomUse | Kind::EventPermit => event.count *= 3,
        _ => {}
    }
}

/// The day that truth calls the first complaint is one.
fn first_complaint(month: &mut Month, plan: &Plan, out: &mut Events) {
    if month.has(plan.first_complaint) {
        let topic = signs::complaint(plan.typology);
        put(
            month,
            plan,
            Kind::Complaint,
            topic,
            plan.first_complaint,
            out,
        );
    }
}

/// An earlier check that ended well: the office knows it, and takes it for over.
fn repaired(month: &mut Month, plan: &Plan, out: &mut Events) {
    if plan.repaired != NEVER && month.has(plan.repaired) {
        check(month, plan.repaired, out);
        out.put(Kind::Verification, "责令整改", plan.repaired);
        out.put(Kind::Finding, "有风险已整改", plan.repaired);
    }
}

/// A check that comes to an end. Most schemes are found; some are gone by then,
/// some are never proved.
fn outcome(month: &mut Month, plan: &Plan, out: &mut Events) {
    if !month.has(plan.finding) {
        return;
    }
    let shell = plan.role(month.of.index) == Role::Shell;
    let topic = match month.dice.below(100) {
        _ if shell && month.dice.per_cent(60) => return,
        0..50 => "涉嫌犯罪移送",
        50..85 => "认定非法集资",
        85..92 => "失联无法核查",
        92..96 => "其他违法",
        _ => return,
    };
    check(month, plan.finding, out);
    out.put(Kind::Finding, topic, plan.finding);
    if month.dice.per_cent(50) {
        let wanted = out.put(Kind::RiskList, "失联公示", plan.finding + 10);
        wanted.person = plan.mastermind(month.world);
    }
    if topic != "涉嫌犯罪移送" {
        return;
    }
    let crime = if plan.phase(plan.finding) >= Phase::Collapse && plan.size > 4 {
        "集资诈骗"
    } else {
        "非法吸收公众存款"
    };
    let case = plan.finding + month.dice.range(4, 15);
    put(month, plan, Kind::PoliceCase, crime, case, out);
    let trial = case + month.dice.range(60, 150);
    put(month, plan, Kind::Prosecution, "起诉", trial, out);
}

fn check(month: &mut Month, finding: i32, out: &mut Events) {
    let began = finding - month.dice.range(12, 45);
    out.put(Kind::Inquiry, "线索核查", began).text = Cow::Borrowed("投诉举报集中");
    out.put(Kind::Verification, "现场检查", began + 5);
    if month.dice.per_cent(60) {
        out.put(Kind::Verification, "约谈", began + 9);
    }
}

/// Checks of lawful firms: those who look alike are checked more often, and
/// found to be what they are.
fn checked_in_vain(month: &mut Month, out: &mut Events) {
    let suspected = match month.of.class {
        Class::Ordinary | Class::Hosted | Class::Host | Class::Moved => 60,
        Class::Failing if month.to >= month.of.troubled => 9_000,
        Class::Lender | Class::Fund | Class::Shop => 3_500,
        _ => 1_800,
    };
    if !month.dice.ppm(suspected) {
        return;
    }
    let day = month.day();
    let topic = match month.dice.below(100) {
        0..62 => "不实",
        62..84 => "其他违法",
        84..94 => "有风险已整改",
        _ => "失联无法核查",
    };
    check(month, day, out);
    out.put(Kind::Finding, topic, day);
}
