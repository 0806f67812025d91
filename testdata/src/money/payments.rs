//! Payments of a month on one account, played by formula and forgotten at once.

use super::profile::Profile;
use crate::random::Dice;

/// Whom a payment comes from or goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Party {
    /// A person, by number on this account.
    Person(u32),
    /// An enterprise.
    Firm(u32),
    /// The counter.
    Cash,
    /// An account in another country.
    Abroad,
}

/// One payment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payment {
    /// Hour since the window's begin.
    pub(super) hour: u32,
    pub(super) party: Party,
    /// Positive: in. Negative: out.
    pub(super) fen: i64,
    /// Age of a person, in years.
    pub(super) age: u32,
    /// The remark speaks of returns, dividends, putting in again.
    pub(super) telling: bool,
    /// The remark calls it a commission.
    pub(super) commission: bool,
}

/// Hours of a window of thirty days.
pub(super) const HOURS: u32 = 720;

/// At most so many payers are played; the rest are like them.
const PLAYED: u32 = 1_500;

/// Plays a month.
pub(super) fn play(profile: &Profile, dice: &mut Dice) -> Vec<Payment> {
    let mut payments = Vec::new();
    let payers = profile.payers.min(PLAYED);
    for payer in 0..payers {
        for _ in 0..1 + dice.below(10) / 8 {
            payments.push(inflow(profile, Party::Person(payer), dice));
        }
    }
    for firm in 0..profile.firms {
        let mut payment = inflow(profile, Party::Firm(firm), dice);
        payment.fen *= 3;
        payment.telling = false;
        payments.push(payment);
    }
    let total: i64 = payments.iter().map(|payment| payment.fen).sum();
    pay_back(profile, payers, total, dice, &mut payments);
    pay_on(profile, total, dice, &mut payments);
    payments
}

fn inflow(profile: &Profile, party: Party, dice: &mut Dice) -> Payment {
    let yuan = dice.amount(profile.low, profile.high);
    let fen = match profile.unit {
        0 | 1 => yuan * 100 + dice.amount(0, 99),
        unit => (yuan / unit).max(1) * unit * 100,
    };
    let age = if dice.per_cent(profile.elderly) {
        60 + dice.below(25)
    } else {
        20 + dice.below(40)
    };
    Payment {
        hour: dice.below(HOURS - 48),
        party,
        fen,
        age,
        telling: dice.per_cent(profile.remarks),
        commission: false,
    }
}

/// Shares of one size to those who paid before, on a day of the month.
fn pay_back(
    profile: &Profile,
    payers: u32,
    total: i64,
    dice: &mut Dice,
    payments: &mut Vec<Payment>,
) {
    let sum = total * i64::from(profile.back) / 100;
    if sum == 0 {
        return;
    }
    // Those who paid in earlier months too: more persons than pay in this one.
    let paid = if payers < 5 {
        40
    } else {
        (payers * 3 / 2).min(PLAYED)
    };
    let each = sum / i64::from(paid);
    let day = dice.below(24);
    for person in 0..paid {
        let spread = i64::from(profile.uneven);
        let fen = each * (100 + dice.amount(-spread, spread)) / 100;
        let late = dice.below(if profile.uneven > 40 { 100 } else { 30 });
        payments.push(out(
            day * 24 + late,
            Party::Person(person),
            fen,
            dice.per_cent(profile.remarks),
        ));
    }
}

/// The rest: a few large receivers, the counter, other countries, commissions.
fn pay_on(profile: &Profile, total: i64, dice: &mut Dice, payments: &mut Vec<Payment>) {
    let part = |per_cent: u32, party: Party, hour: u32, payments: &mut Vec<Payment>| {
        if per_cent > 0 {
            payments.push(out(hour, party, total * i64::from(per_cent) / 100, false));
        }
    };
    for receiver in 0..3 {
        let hour = HOURS - 1 - dice.below(48);
        part(
            profile.concentrated / 3,
            Party::Person(100_000 + receiver),
            hour,
            payments,
        );
    }
    part(profile.cash, Party::Cash, HOURS - 1, payments);
    part(profile.abroad, Party::Abroad, HOURS - 1, payments);
    for tier in 0..profile.commission {
        let fen = total / 100 * i64::from(tier % 3 + 1) / 3;
        let mut payment = out(HOURS / 2, Party::Person(200_000 + tier), fen, false);
        payment.commission = true;
        payments.push(payment);
    }
    if profile.fast {
        let left: i64 = payments.iter().map(|payment| payment.fen).sum();
        payments.push(out(
            HOURS - 1,
            Party::Firm(1_000),
            left.max(0) * 98 / 100,
            false,
        ));
    }
}

fn out(hour: u32, party: Party, fen: i64, telling: bool) -> Payment {
    Payment {
        hour: hour.min(HOURS - 1),
        party,
        fen: -fen,
        age: 0,
        telling,
        commission: false,
    }
}
