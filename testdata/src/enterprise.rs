//! The enterprises of the city: what does not change from day to day.

use rand::Rng;

use crate::code;
use crate::random::{chance, keyed, mix};

/// The sectors' numbers in [`crate::words::SECTORS`] that roles need.
pub(crate) mod sector {
    pub(crate) const INVESTMENT: u8 = 11;
    pub(crate) const ASSETS: u8 = 12;
    pub(crate) const ELDERLY: u8 = 13;
    pub(crate) const EDUCATION: u8 = 14;
    pub(crate) const GYM: u8 = 15;
    pub(crate) const SHOP: u8 = 16;
    pub(crate) const PROPERTY: u8 = 17;
    pub(crate) const LENDER: u8 = 18;
    pub(crate) const WEALTH: u8 = 19;
}

/// What an enterprise is in this world. All but the first and the last look
/// like fundraising to somebody who sees only one agency's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Ordinary,
    /// Licensed: lends, collects instalments.
    Lender,
    /// Collects fees from many residents.
    Property,
    /// Collects tuition in advance, and teaches.
    Tuition,
    /// Sells on line to many payers.
    Shop,
    /// Sells memberships, and delivers.
    Gym,
    /// Many outlets under one representative.
    Franchise,
    /// Pays other firms' wages: few in, many out.
    Payroll,
    /// Registered at an address that hosts hundreds.
    Hosted,
    /// Goes under honestly: debts, angry customers, no promise to anybody.
    Troubled,
    /// Raises money illegally: the plan with this number.
    Scheme(u32),
}

/// Representatives, addresses and telephones that are shared get numbers from
/// here on; those of their own have the enterprise's number.
const SHARED: u32 = 3_000_000_000;

/// One enterprise.
#[derive(Debug, Clone)]
pub(crate) struct Enterprise {
    pub(crate) role: Role,
    pub(crate) sector: u8,
    pub(crate) district: u8,
    pub(crate) founded: i32,
    /// The day it is struck off, or `i32::MAX`.
    pub(crate) closed: i32,
    pub(crate) staff: u32,
    pub(crate) person: u32,
    pub(crate) address: u32,
    pub(crate) capital_wan: u32,
    pub(crate) paid_wan: u32,
    pub(crate) number: OldNumber,
}

/// Whether the enterprise has a 15-digit number of the time before credit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldNumber {
    None,
    /// The registry says so from the start.
    Known,
    /// The registry adds it this many days after the simulation starts.
    Later(i32),
}

impl Enterprise {
    /// Enterprise `index` of `total`; `start` is the first simulated day and
    /// `founded` the founding day.
    pub(crate) fn draw(seed: u64, index: u32, total: u32, start: i32, founded: i32) -> Enterprise {
        let mut rng = keyed(seed, 1, i64::from(index), 0);
        let role = role(rng.gen_range(0..1_000));
        let staff = staff(rng.gen_range(0..1_000), rng.gen_range(1..=10));
        let capital_wan =
            [10, 30, 50, 100, 100, 200, 500, 1_000, 2_000, 5_000][rng.gen_range(0..10u32) as usize];
        let closes = chance(&mut rng, 20_000);
        let mut enterprise = Enterprise {
            role,
            sector: sector_of(role, rng.gen_range(0..1_000)),
            district: rng.gen_range(0..8),
            founded,
            closed: if closes {
                start.max(founded) + rng.gen_range(30..700)
            } else {
                i32::MAX
            },
            staff,
            person: index,
            address: index,
            capital_wan,
            paid_wan: capital_wan * rng.gen_range(0..=4u32) / 4,
            number: old_number(founded, rng.gen_range(0..100), rng.gen_range(15..75)),
        };
        enterprise.share(seed, index, total);
        enterprise
    }

    /// Lets some share a representative or an address, as lawful life does.
    fn share(&mut self, seed: u64, index: u32, total: u32) {
        let draw = |salt: u64, many: u32| {
            (mix(seed, 904, u64::from(index), salt) % u64::from(many.max(1))) as u32
        };
        match self.role {
            Role::Franchise => self.person = SHARED + draw(1, total / 1_000 + 1),
            Role::Hosted => self.address = SHARED + draw(2, total / 4_000 + 1),
            Role::Ordinary if draw(3, 100) < 3 => {
                self.person = SHARED + 1_000_000 + draw(4, total / 60)
            }
            _ => {}
        }
    }

    /// Makes this enterprise the one behind plan number `scheme` of `ring`.
    pub(crate) fn turn_bad(&mut self, scheme: u32, ring: u32, ringed: bool) {
        self.role = Role::Scheme(scheme);
        self.closed = i32::MAX;
        self.number = OldNumber::None;
        if ringed {
            self.person = SHARED + 2_000_000 + ring;
            self.address = SHARED + 2_000_000 + ring;
        }
    }

    /// Whether it exists on `day`.
    pub(crate) fn lives(&self, day: i32) -> bool {
        self.founded <= day && day < self.closed
    }

    /// Its credit code; `index` is its place in the city.
    pub(crate) fn uscc(&self, index: u32) -> String {
        code::credit_text(u64::from(index), self.district)
    }

    /// Its old registration number, whether or not anybody knows it yet.
    pub(crate) fn old_number(&self, index: u32) -> Option<String> {
        (self.number != OldNumber::None).then(|| code::registration_number(u64::from(index)))
    }
}

fn role(per_mille: u32) -> Role {
    match per_mille {
        0..2 => Role::Lender,
        2..8 => Role::Property,
        8..14 => Role::Tuition,
        14..22 => Role::Shop,
        22..26 => Role::Gym,
        26..34 => Role::Franchise,
        34..37 => Role::Payroll,
        37..57 => Role::Hosted,
        57..65 => Role::Troubled,
        _ => Role::Ordinary,
    }
}

fn sector_of(role: Role, draw: u32) -> u8 {
    match role {
        Role::Lender => sector::LENDER,
        Role::Property => sector::PROPERTY,
        Role::Tuition => sector::EDUCATION,
        Role::Shop => sector::SHOP,
        Role::Gym => sector::GYM,
        _ if draw < 15 => sector::INVESTMENT,
        _ if draw < 22 => sector::ASSETS,
        _ if draw < 30 => sector::ELDERLY,
        _ if draw < 31 => sector::WEALTH,
        _ => (draw % 11) as u8,
    }
}

fn staff(draw: u32, factor: u32) -> u32 {
    match draw {
        0..80 => 0,
        80..600 => factor,
        600..900 => factor * 4,
        900..990 => factor * 15,
        _ => factor * 80,
    }
}

/// Credit codes came in October 2015: older enterprises have another number.
fn old_number(founded: i32, draw: u32, later: i32) -> OldNumber {
    match (founded < 16_709, draw) {
        (false, _) => OldNumber::None,
        (true, 0..10) => OldNumber::Later(later),
        (true, 10..70) => OldNumber::Known,
        (true, _) => OldNumber::None,
    }
}
