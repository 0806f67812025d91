//! The hidden truth: who raises money illegally, how, and when it turns.
//!
//! A scheme sets up, promotes itself, takes money in, pays some back, slows
//! down and collapses. Agencies see each phase with their own lag.

use jiff::civil::Date;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::random::{chance, pick};

/// How a scheme attracts money (article 19 of the regulation, SPC 2022 No. 5).
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
    /// A fund without registration, run by a ring of shells.
    PrivateFund,
    /// A clean company; the money goes to persons' accounts.
    PersonalAccounts,
}

impl Typology {
    /// All of them, in the order in which schemes are dealt out.
    pub const ALL: [Typology; 6] = [
        Typology::ConsumerRebate,
        Typology::ElderlyCare,
        Typology::LeaseBack,
        Typology::VirtualCurrency,
        Typology::PrivateFund,
        Typology::PersonalAccounts,
    ];

    /// A short machine-readable name.
    pub fn name(self) -> &'static str {
        match self {
            Typology::ConsumerRebate => "consumer_rebate",
            Typology::ElderlyCare => "elderly_care",
            Typology::LeaseBack => "lease_back",
            Typology::VirtualCurrency => "virtual_currency",
            Typology::PrivateFund => "private_fund",
            Typology::PersonalAccounts => "personal_accounts",
        }
    }
}

/// One scheme, as evaluation may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Credit code of the enterprise behind it.
    pub uscc: String,
    /// How it attracts money.
    pub typology: Typology,
    /// When it starts to promote itself.
    pub start: Date,
    /// When the first complaint reaches an agency.
    pub first_complaint: Date,
    /// When it stops paying altogether.
    pub collapse: Date,
}

/// Where a scheme is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Before,
    SetUp,
    Promotion,
    Intake,
    Payback,
    SlowDown,
    Collapse,
    After,
}

/// A scheme's plan: days since 1970-01-01.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) enterprise: u32,
    pub(crate) typology: Typology,
    pub(crate) setup: i32,
    pub(crate) promotion: i32,
    pub(crate) slow: i32,
    pub(crate) collapse: i32,
    pub(crate) first_complaint: i32,
    pub(crate) labelled: i32,
    /// How large it grows: 1 to 10.
    pub(crate) size: u32,
    /// Works without shop window: little opinion, no forbidden words.
    pub(crate) quiet: bool,
}

impl Plan {
    /// Draws the dates of a scheme that promotes itself from `promotion`.
    pub(crate) fn draw(rng: &mut ChaCha8Rng, typology: Typology, promotion: i32) -> Plan {
        let slow = promotion + rng.gen_range(120..300);
        let collapse = slow + rng.gen_range(30..90);
        let early = chance(rng, 300_000);
        let first_complaint = match early {
            true => rng.gen_range(promotion + 50..slow),
            false => slow + rng.gen_range(-20..10),
        };
        Plan {
            enterprise: 0,
            typology,
            setup: promotion - rng.gen_range(30..90),
            promotion,
            slow,
            collapse,
            first_complaint,
            labelled: collapse + rng.gen_range(15..60),
            size: rng.gen_range(1..=10),
            quiet: chance(rng, 300_000) || typology == Typology::PersonalAccounts,
        }
    }

    /// The phase on `day`.
    pub(crate) fn phase(&self, day: i32) -> Phase {
        let steps = [
            (self.setup, Phase::Before),
            (self.promotion, Phase::SetUp),
            (self.promotion + 15, Phase::Promotion),
            (self.promotion + 60, Phase::Intake),
            (self.slow, Phase::Payback),
            (self.collapse, Phase::SlowDown),
            (self.collapse + 90, Phase::Collapse),
        ];
        let next = steps.iter().find(|(until, _)| day < *until);
        next.map_or(Phase::After, |(_, phase)| *phase)
    }

    /// Whether complaints may be made on `day`.
    pub(crate) fn complained_of(&self, day: i32) -> bool {
        day >= self.first_complaint
    }

    /// What complainants and advertisements say about it.
    pub(crate) fn pitch(&self, rng: &mut ChaCha8Rng) -> &'static str {
        // Four in ten say nothing that a word list knows.
        if chance(rng, 400_000) {
            return pick(
                rng,
                &["项目合作款", "会员权益", "合同约定的款项", "预付的费用"],
            );
        }
        let pitches: &[&'static str] = match self.typology {
            Typology::ConsumerRebate => &["消费全额返利", "购物积分每日增值", "充值免单，消费返本"],
            Typology::ElderlyCare => &[
                "预交养老床位费享受年息",
                "养老公寓会员卡到期还本",
                "旅居养老返利",
            ],
            Typology::LeaseBack => &[
                "售后包租，每年固定回报",
                "设备认购后回租",
                "商铺份额返本销售",
            ],
            Typology::VirtualCurrency => &[
                "区块链算力每天静态收益",
                "数字藏品保证升值",
                "虚拟币推广动态奖励",
            ],
            Typology::PrivateFund => &[
                "保本保息的理财产品",
                "私募份额保证年化收益",
                "股权投资到期回购",
            ],
            Typology::PersonalAccounts => &[
                "借款给公司月息二分",
                "内部员工集资还本付息",
                "转到个人账户的投资款",
            ],
        };
        pick(rng, pitches)
    }

    /// How many payment accounts it collects on.
    pub(crate) fn accounts(&self) -> u32 {
        1 + self.size / 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::keyed;

    #[test]
    fn a_life_runs_in_order() {
        for at in 0..500 {
            let mut rng = keyed(7, 1, at, 0);
            let plan = Plan::draw(&mut rng, Typology::LeaseBack, 20_000);
            assert!(plan.setup < plan.promotion && plan.promotion < plan.first_complaint);
            assert!(plan.first_complaint < plan.collapse && plan.collapse < plan.labelled);
            let phases: Vec<Phase> = (19_800..20_600).map(|day| plan.phase(day)).collect();
            assert!(phases.windows(2).all(|pair| pair[0] <= pair[1]));
            assert_eq!(phases[799], Phase::After);
        }
    }
}
