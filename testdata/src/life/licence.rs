//! Licences: those of the class, those of the trade, and a few of every kind, so
//! that every register has somebody in it.

use super::Month;
use crate::event::{Events, Kind, LICENCES, NEVER};
use crate::world::World;
use crate::world::class::Class;
use crate::world::trade::number as trade;

/// Every stretch of enterprises has one holder of each licence that no class or
/// trade asks for. A city has a dozen of each, or more when it is large.
fn stretch(total: u32) -> u32 {
    (total / 12).clamp(601, 6_001)
}

pub(super) fn happen(month: &mut Month, out: &mut Events) {
    let odd = odd(month.world, month.of.index);
    for topic in month
        .of
        .class
        .licences()
        .iter()
        .copied()
        .chain(of_trade(month))
        .chain(odd)
    {
        hold(month, out, topic);
    }
    let financial = odd.is_some_and(|topic| LICENCES[..12].contains(&topic));
    if month.fresh && (financial || matches!(month.of.class, Class::Lender | Class::Fund)) {
        let began = month.began();
        out.put(Kind::Listed, "持牌机构", began);
    }
}

/// Granted once, for years; renewed, revoked or run out later.
fn hold(month: &mut Month, out: &mut Events, topic: &'static str) {
    if month.fresh {
        let day = month.began();
        let limited = month.dice.per_cent(70);
        let years = month.dice.range(2, 5);
        let event = out.put(Kind::Licence, topic, day);
        event.until = if limited {
            day.max(month.world.start) + years * 365
        } else {
            NEVER
        };
        event.count = i64::from(month.of.index % 400) + 10;
        event.fen = i64::from(month.of.capital_wan) * 1_000_000;
    } else if month.dice.per_mille(12) {
        let day = month.day();
        out.put(Kind::LicenceEnd, topic, day);
    }
}

/// What the trade cannot do without; of schemes, half do without.
fn of_trade(month: &Month) -> Option<&'static str> {
    if month.of.class == Class::Scheme && month.has_trait(50, 60) {
        return None;
    }
    match month.of.trade {
        trade::CATERING => Some("食品"),
        trade::ELDERLY => Some("养老机构"),
        trade::EDUCATION if month.of.class != Class::Tuition => Some("校外培训"),
        trade::REAL_ESTATE => Some("房地产开发"),
        22 => Some("建筑资质"),
        45 => Some("道路运输"),
        36 if month.has_trait(51, 30) => Some("危化品"),
        28..=30 if month.has_trait(52, 10) => Some("排污"),
        15 if month.has_trait(53, 6) => Some("高新技术"),
        _ => None,
    }
}

/// The licence that only the place in its stretch gives an enterprise.
pub(super) fn odd(world: &World, index: u32) -> Option<&'static str> {
    LICENCES
        .get((index % stretch(world.total)) as usize)
        .copied()
}
