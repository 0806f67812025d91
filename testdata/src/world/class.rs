//! What an enterprise is in this world. All classes but the first and the last
//! look like fundraising to somebody who sees only one agency's data.

use super::form::Form;
use super::trade::number as trade;

/// A class of enterprises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Ordinary,
    /// Licensed: lends, collects instalments.
    Lender,
    /// Collects fees from many residents.
    Property,
    /// Collects tuition in advance, and teaches.
    Tuition,
    /// Many payers, many of them old.
    Hospital,
    /// Sells on line to many payers.
    Shop,
    /// Pays other firms' wages: few in, many out, once a month.
    Payroll,
    /// Collects donations.
    Charity,
    /// Sells memberships, and delivers.
    Gym,
    /// A registered private fund with few, large payers.
    Fund,
    /// Lends its address to hundreds of firms, lawfully.
    Host,
    /// Is registered at such an address.
    Hosted,
    /// One of many shops of one representative and brand.
    Franchise,
    /// Renamed and moved, and nothing behind it.
    Moved,
    /// Settles interest on trade credit at the end of the year.
    TradeCredit,
    /// Goes under honestly: debts, angry customers, no promise to anybody.
    Failing,
    /// Belongs to a scheme.
    Scheme,
}

/// How many of 100,000 enterprises are of a class.
const RATES: [(Class, u32); 14] = [
    (Class::Lender, 120),
    (Class::Property, 500),
    (Class::Tuition, 600),
    (Class::Hospital, 150),
    (Class::Shop, 800),
    (Class::Payroll, 150),
    (Class::Charity, 80),
    (Class::Gym, 300),
    (Class::Fund, 130),
    (Class::Hosted, 1_800),
    (Class::Franchise, 500),
    (Class::Moved, 500),
    (Class::TradeCredit, 300),
    (Class::Failing, 500),
];

impl Class {
    /// The class of a draw below 100,000; hosts and schemes have their places.
    pub(super) fn drawn(draw: u32) -> Class {
        let mut rest = draw;
        for (class, rate) in RATES {
            if rest < rate {
                return class;
            }
            rest -= rate;
        }
        Class::Ordinary
    }

    /// The name of a class that looks like fundraising and is none.
    pub(crate) fn lawful_name(self) -> &'static str {
        match self {
            Class::Ordinary | Class::Scheme => "",
            Class::Lender => "licensed_lender",
            Class::Property => "property_manager",
            Class::Tuition => "tuition_collector",
            Class::Hospital => "hospital",
            Class::Shop => "e_commerce",
            Class::Payroll => "payroll_agent",
            Class::Charity => "charity",
            Class::Gym => "gym",
            Class::Fund => "lawful_fund",
            Class::Host => "address_host",
            Class::Hosted => "hosted_address",
            Class::Franchise => "franchise",
            Class::Moved => "renamed_or_moved",
            Class::TradeCredit => "trade_credit",
            Class::Failing => "honest_failure",
        }
    }

    /// The trade that goes with the class, if one does.
    pub(super) fn trade(self) -> Option<u8> {
        Some(match self {
            Class::Lender => trade::LENDER,
            Class::Property => trade::PROPERTY,
            Class::Tuition => trade::EDUCATION,
            Class::Hospital => trade::HOSPITAL,
            Class::Shop => trade::SHOP,
            Class::Payroll => trade::LABOUR,
            Class::Charity => trade::CHARITY,
            Class::Gym => trade::GYM,
            Class::Fund => trade::FUND,
            Class::Host => trade::SECRETARY,
            _ => return None,
        })
    }

    /// The form that goes with the class, if one does.
    pub(super) fn form(self) -> Option<Form> {
        match self {
            Class::Ordinary => None,
            Class::Hospital | Class::Charity => Some(Form::Institution),
            _ => Some(Form::Limited),
        }
    }

    /// Topics of the licences that the class has.
    pub(crate) fn licences(self) -> &'static [&'static str] {
        match self {
            Class::Lender => &["小额贷款"],
            Class::Property => &["物业"],
            Class::Tuition => &["校外培训"],
            Class::Hospital => &["医疗机构"],
            Class::Shop => &["电信业务"],
            Class::Payroll => &["劳务派遣", "人力资源"],
            Class::Charity => &["慈善组织", "社会组织"],
            Class::Gym => &["体育健身", "单用途预付卡"],
            Class::Fund => &["私募管理人", "私募产品"],
            Class::Franchise => &["特许经营"],
            _ => &[],
        }
    }
}
