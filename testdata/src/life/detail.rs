//! The details of an event that was drawn: how much, how many, until when, who,
//! and what was said.

use super::text;
use crate::event::{AccountOf, Event, Kind, NONE};
use crate::random::Dice;
use crate::world::{Enterprise, World};

/// Customers and complainants are numbered from here on: nobody of the registry.
const CUSTOMERS: u32 = 1 << 31;

/// Fills in what an event of its kind has.
pub(crate) fn fill(world: &World, of: &Enterprise, event: &mut Event, dice: &mut Dice) {
    amounts(event, dice);
    parties(world, of, event, dice);
    event.text = text::ordinary(of, event.kind, event.topic, dice);
    if event.kind == Kind::Opinion || event.kind == Kind::Advert {
        event.count = i64::from((1 + dice.below(100)) * (1 + dice.below(100)));
    }
}

fn amounts(event: &mut Event, dice: &mut Dice) {
    let (low, high) = match event.kind {
        Kind::Penalty => (1_000, 100_000),
        Kind::Complaint => (50, 20_000),
        Kind::TipOff | Kind::Petition | Kind::Incident => (1_000, 80_000),
        Kind::Suit | Kind::Enforcement | Kind::Seizure => (10_000, 2_000_000),
        Kind::Arbitration | Kind::Mediation | Kind::Notarisation => (5_000, 800_000),
        Kind::Pledge | Kind::Transfer | Kind::Property => (100_000, 20_000_000),
        Kind::Project | Kind::Bankruptcy => (50_000, 5_000_000),
        Kind::WageDispute | Kind::Arrears | Kind::TaxStatus => (3_000, 300_000),
        Kind::CrossBorder | Kind::IpPledge | Kind::Invoice => (100_000, 9_000_000),
        Kind::UtilityChange | Kind::LeaseEnd | Kind::Donation => (200, 50_000),
        Kind::PoliceCase | Kind::Prosecution | Kind::PaybackDelay => (50_000, 8_000_000),
        _ => (0, 0),
    };
    event.fen = dice.amount(low, high) * 100;
    event.count = match event.kind {
        Kind::Petition if event.topic == "集体访" => i64::from(5 + dice.below(40)),
        Kind::Recruitment => i64::from(1 + dice.below(30)),
        Kind::TelecomUse => i64::from((1 + dice.below(60)) * (1 + dice.below(60))),
        Kind::EventPermit => i64::from(30 + dice.below(900)),
        Kind::Monitor => i64::from((dice.below(60) + dice.below(60)) / 2),
        Kind::WageDispute => i64::from(1 + dice.below(12)),
        Kind::Visit => i64::from(8 + dice.below(110)),
        Kind::PersonalAccount => i64::from(1 + dice.below(40)),
        _ => 1,
    };
    event.percent = match event.kind {
        Kind::TipOff => NONE,
        Kind::Advert if dice.per_cent(95) => NONE,
        Kind::Advert | Kind::Opinion => 4 + dice.below(26),
        Kind::Visit => 5 + dice.below(60),
        Kind::Invoice => 180 + dice.below(700),
        _ => dice.below(100),
    };
    event.until = match event.kind {
        Kind::Pledge | Kind::Seizure | Kind::IpPledge => event.date + dice.range(180, 1_095),
        Kind::Donation | Kind::EventPermit => event.date + dice.range(1, 60),
        Kind::RiskList | Kind::Rating => event.date + 365,
        _ => event.until,
    };
}

fn parties(world: &World, of: &Enterprise, event: &mut Event, dice: &mut Dice) {
    event.person = match event.kind {
        Kind::LostContact
        | Kind::PoliceCase
        | Kind::Prosecution
        | Kind::Enforcement
        | Kind::Pledge
        | Kind::Transfer => of.representative(world, event.date),
        _ => CUSTOMERS | dice.below(u32::MAX >> 2),
    };
    if dice.per_cent(60) || matches!(event.kind, Kind::Pledge | Kind::Suit) {
        event.other = world.anybody(dice);
    }
    event.institution = dice.below(8) as u8;
    match event.kind {
        Kind::Account => event.account = AccountOf::Own(1 + dice.below(8)),
        Kind::PersonalAccount => {
            event.person = of.representative(world, event.date);
            event.account = AccountOf::Person(dice.below(4));
        }
        _ => {}
    }
}
