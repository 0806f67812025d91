//! How schemes attract money, and what parts enterprises play in them.

use crate::world::trade::number as trade;

/// How a scheme attracts money (article 19 of the regulation, SPC 2022 No. 5),
/// or what makes it hard to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Typology {
    /// Spending is said to come back with a gain.
    ConsumerRebate,
    /// Prepaid places in homes for the elderly that do not exist.
    ElderlyCare,
    /// Shops or machines are sold and leased back at a fixed rent.
    LeaseBack,
    /// Coins, computing power, digital collectibles.
    VirtualCurrency,
    /// A fund without registration.
    PrivateFund,
    /// Loans to the company and shares in it, at a fixed interest.
    LoansShares,
    /// Tuition or membership fees paid years ahead for a return.
    Prepaid,
    /// Many shells that are registered together and share what they have.
    ShellRing,
    /// A clean company; the money goes to persons' accounts.
    PersonalAccounts,
    /// Grows so slowly that no month looks odd.
    SlowRamp,
    /// So young that nobody complains in the simulated time.
    NoComplaint,
    /// Begins again after a finding that was repaired.
    Relapse,
}

impl Typology {
    /// All of them, in the order in which schemes are dealt out.
    pub const ALL: [Typology; 12] = [
        Typology::ConsumerRebate,
        Typology::ElderlyCare,
        Typology::LeaseBack,
        Typology::VirtualCurrency,
        Typology::PrivateFund,
        Typology::LoansShares,
        Typology::Prepaid,
        Typology::ShellRing,
        Typology::PersonalAccounts,
        Typology::SlowRamp,
        Typology::NoComplaint,
        Typology::Relapse,
    ];

    /// A short machine-readable name.
    pub fn name(self) -> &'static str {
        match self {
            Typology::ConsumerRebate => "consumer_rebate",
            Typology::ElderlyCare => "elderly_care",
            Typology::LeaseBack => "lease_back",
            Typology::VirtualCurrency => "virtual_currency",
            Typology::PrivateFund => "private_fund",
            Typology::LoansShares => "loans_shares",
            Typology::Prepaid => "prepaid",
            Typology::ShellRing => "shell_ring",
            Typology::PersonalAccounts => "personal_accounts",
            Typology::SlowRamp => "slow_ramp",
            Typology::NoComplaint => "no_complaint",
            Typology::Relapse => "relapse",
        }
    }

    /// How many enterprises take part, at least and at most.
    pub(super) fn members(self) -> (u32, u32) {
        match self {
            Typology::ShellRing => (6, 12),
            Typology::PrivateFund => (2, 4),
            Typology::LeaseBack => (1, 3),
            Typology::ConsumerRebate | Typology::ElderlyCare | Typology::VirtualCurrency => (1, 2),
            _ => (1, 1),
        }
    }

    /// Trades of its enterprises; the choice is the enterprise's.
    pub(crate) fn trades(self) -> &'static [u8] {
        use trade::*;
        match self {
            Typology::ConsumerRebate => &[SHOP, TRADE, NETWORK, BUSINESS],
            Typology::ElderlyCare => &[ELDERLY, ELDERLY, HEALTH, CONSULTING],
            Typology::LeaseBack => &[REAL_ESTATE, CATERING, BUSINESS, TRADE],
            Typology::VirtualCurrency => &[NETWORK, TECHNOLOGY, SHOP],
            Typology::PrivateFund => &[ASSETS, INVESTMENT, CONSULTING, WEALTH],
            Typology::LoansShares => &[INVESTMENT, TRADE, TECHNOLOGY, REAL_ESTATE],
            Typology::Prepaid => &[EDUCATION, GYM, HEALTH],
            Typology::ShellRing => &[INVESTMENT, CONSULTING, BUSINESS, TRADE],
            Typology::PersonalAccounts => &[TRADE, TECHNOLOGY, CATERING, CONSULTING],
            Typology::SlowRamp => &[INVESTMENT, CONSULTING, HEALTH, TRADE],
            Typology::NoComplaint => &[NETWORK, ELDERLY, ASSETS, CONSULTING],
            Typology::Relapse => &[INVESTMENT, ELDERLY, NETWORK, ASSETS],
        }
    }
}

/// What part an enterprise plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Promises and promotes.
    Organiser,
    /// Exists on paper.
    Shell,
    /// Helps for a gain: offices, speakers, advertisements.
    Helper,
    /// Lends its accounts.
    Collector,
}

impl Role {
    /// A short machine-readable name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Organiser => "organiser",
            Role::Shell => "shell",
            Role::Helper => "helper",
            Role::Collector => "collection_account",
        }
    }
}
