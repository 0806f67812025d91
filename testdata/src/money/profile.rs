//! How money moves on an account in a month: who pays, how much, what goes back.

use crate::random::Dice;
use crate::scheme::{Phase, Plan, Typology};
use crate::world::class::Class;

/// A month on an account, before it is played.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Profile {
    /// Distinct persons who pay in.
    pub(super) payers: u32,
    /// Enterprises who pay in.
    pub(super) firms: u32,
    /// A payment in yuan, at least and at most.
    pub(super) low: i64,
    pub(super) high: i64,
    /// Payments are multiples of so many yuan; 0: of nothing.
    pub(super) unit: i64,
    /// Per cent of the payers who are 60 and older.
    pub(super) elderly: u32,
    /// Per cent of the inflow that goes back to persons who paid before, and
    /// how unequal their shares are, in per cent.
    pub(super) back: u32,
    pub(super) uneven: u32,
    /// Per cent of the inflow that goes to three counterparties.
    pub(super) concentrated: u32,
    /// Per cent that goes out in cash, abroad, and as commissions in tiers.
    pub(super) cash: u32,
    pub(super) abroad: u32,
    pub(super) commission: u32,
    /// Per cent of the remarks that speak of returns.
    pub(super) remarks: u32,
    /// Money leaves within a day.
    pub(super) fast: bool,
    /// Nothing had moved for half a year.
    pub(super) dormant: bool,
    /// A person's account that collects for an enterprise.
    pub(super) personal: bool,
}

/// A month of a scheme's account; `share` of the payers in per cent falls on it.
pub(super) fn scheme(plan: &Plan, day: i32, share: u32, dice: &mut Dice) -> Profile {
    let grown = (day - plan.promotion).clamp(10, 300) as u32;
    let slow = if plan.typology == Typology::SlowRamp {
        4
    } else {
        1
    };
    let payers = plan.size * grown * (2 + dice.below(5)) / 14 / slow * share / 100 + 3;
    let (back, concentrated, cash) = match plan.phase(day) {
        Phase::Promotion => (5, 20, 4),
        Phase::Intake => (20, 35, 8),
        Phase::Payback => (45 + dice.below(35), 25, 8),
        Phase::SlowDown => (40 + dice.below(60), 45, 20),
        _ => (5, 75, 35),
    };
    let hidden = 100 - plan.visible;
    let profile = Profile {
        payers: if plan.phase(day) >= Phase::Collapse {
            payers / 6
        } else {
            payers
        },
        firms: dice.below(4) + hidden / 20,
        low: 2_000,
        high: 60_000,
        unit: if dice.per_cent(plan.visible) { 500 } else { 1 },
        elderly: 12 + dice.below(25),
        back,
        uneven: 5 + hidden / 3 + dice.below(15),
        concentrated,
        cash,
        commission: if dice.per_cent(20) { 6 } else { 0 },
        remarks: if plan.quiet { 2 } else { 3 + dice.below(22) },
        fast: dice.per_cent(30),
        dormant: dice.per_cent(12) && plan.phase(day) == Phase::Promotion,
        personal: plan.collects_on_persons(),
        ..Profile::default()
    };
    typical(plan.typology, profile, dice)
}

/// What sets the typologies' accounts apart.
fn typical(typology: Typology, profile: Profile, dice: &mut Dice) -> Profile {
    match typology {
        Typology::ElderlyCare => Profile {
            elderly: 45 + dice.below(45),
            high: 120_000,
            ..profile
        },
        Typology::ConsumerRebate => Profile {
            low: 100,
            high: 9_000,
            payers: profile.payers * 2,
            remarks: profile.remarks + 15,
            ..profile
        },
        Typology::VirtualCurrency => Profile {
            abroad: dice.below(35),
            commission: 8,
            elderly: profile.elderly / 2,
            ..profile
        },
        Typology::PrivateFund => Profile {
            low: 50_000,
            high: 500_000,
            payers: profile.payers / 4 + 2,
            unit: 10_000,
            ..profile
        },
        Typology::LeaseBack => Profile {
            low: 20_000,
            high: 200_000,
            payers: profile.payers / 2,
            ..profile
        },
        Typology::Prepaid => Profile {
            low: 1_000,
            high: 20_000,
            back: profile.back / 3,
            ..profile
        },
        Typology::ShellRing => Profile {
            fast: true,
            concentrated: profile.concentrated + 30,
            firms: profile.firms + 3,
            ..profile
        },
        _ => profile,
    }
}

/// A month of a lawful account that somebody may wonder about.
pub(super) fn lawful(class: Class, december: bool, dice: &mut Dice) -> Option<Profile> {
    let some = |low: u32, high: u32, dice: &mut Dice| low + dice.below(high - low);
    let base = Profile {
        low: 100,
        high: 5_000,
        elderly: 5 + dice.below(30),
        ..Profile::default()
    };
    Some(match class {
        // Instalments come in every month, loans go out: it looks like payback.
        Class::Lender => Profile {
            payers: some(40, 400, dice),
            low: 500,
            high: 9_000,
            back: 50 + dice.below(45),
            uneven: 10 + dice.below(40),
            ..base
        },
        Class::Shop => Profile {
            payers: some(200, 1_600, dice),
            low: 20,
            high: 900,
            back: dice.below(8),
            remarks: dice.below(18),
            commission: [0, 0, 0, 6][dice.below(4) as usize],
            fast: dice.per_cent(60),
            concentrated: 30 + dice.below(50),
            ..base
        },
        Class::Property => Profile {
            payers: some(80, 900, dice),
            unit: 100,
            elderly: 25 + dice.below(35),
            ..base
        },
        Class::Tuition => Profile {
            payers: some(60, 600, dice),
            unit: 500,
            low: 2_000,
            high: 20_000,
            ..base
        },
        Class::Hospital => Profile {
            payers: some(200, 1_500, dice),
            elderly: 45 + dice.below(30),
            ..base
        },
        Class::Gym => Profile {
            payers: some(50, 500, dice),
            unit: 100,
            low: 800,
            high: 6_000,
            commission: dice.below(6),
            ..base
        },
        Class::Payroll => Profile {
            payers: 2,
            firms: some(3, 12, dice),
            low: 50_000,
            high: 900_000,
            back: 80 + dice.below(15),
            uneven: 10 + dice.below(30),
            fast: true,
            ..base
        },
        Class::Charity => Profile {
            payers: some(60, 1_200, dice),
            unit: 50,
            high: 2_000,
            elderly: 30 + dice.below(35),
            concentrated: 80,
            ..base
        },
        Class::Fund => Profile {
            payers: some(3, 48, dice),
            low: 1_000_000,
            high: 3_000_000,
            unit: 10_000,
            back: dice.below(40),
            uneven: 20,
            concentrated: 70,
            remarks: dice.below(30),
            ..base
        },
        Class::Franchise => Profile {
            payers: some(10, 80, dice),
            firms: 10,
            unit: 500,
            low: 5_000,
            high: 80_000,
            commission: dice.below(8),
            ..base
        },
        Class::TradeCredit if december => Profile {
            payers: some(5, 60, dice),
            firms: 20,
            low: 10_000,
            high: 200_000,
            unit: 1_000,
            back: 60 + dice.below(40),
            uneven: 5 + dice.below(15),
            ..base
        },
        Class::Failing => Profile {
            payers: some(5, 80, dice),
            concentrated: 85,
            cash: dice.below(45),
            fast: true,
            ..base
        },
        Class::Ordinary | Class::Moved | Class::Hosted => Profile {
            payers: some(2, 60, dice),
            firms: some(1, 12, dice),
            high: 80_000,
            unit: [0, 0, 0, 100, 500][dice.below(5) as usize],
            back: [0, 0, 0, 10, 60][dice.below(5) as usize],
            uneven: dice.below(70),
            concentrated: dice.below(95),
            cash: [0, 0, 5, 40][dice.below(4) as usize],
            abroad: [0, 0, 0, 30][dice.below(4) as usize],
            remarks: [0, 0, 0, 14][dice.below(4) as usize],
            fast: dice.per_cent(25),
            dormant: dice.per_cent(15),
            ..base
        },
        _ => return None,
    })
}
