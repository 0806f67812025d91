//! Forms of enterprises: what they are called in the registry and at the end of
//! a name.

use super::measured::WITHOUT_CAPITAL;

/// An enterprise's form, in the order of the measured shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Limited,
    Stock,
    LimitedLong,
    SoleFactory,
    Household,
    Branch,
    Collective,
    Partnership,
    /// Registered by the civil affairs office.
    Institution,
}

const DRAWN: [Form; 8] = [
    Form::Limited,
    Form::Stock,
    Form::LimitedLong,
    Form::SoleFactory,
    Form::Household,
    Form::Branch,
    Form::Collective,
    Form::Partnership,
];

impl Form {
    /// The form at place `at` of the measured shares.
    pub(super) fn drawn(at: usize) -> Form {
        DRAWN[at % DRAWN.len()]
    }

    /// The registry's word for it.
    pub(crate) fn registered(self) -> &'static str {
        match self {
            Form::Limited | Form::LimitedLong => "有限责任公司",
            Form::Stock => "股份有限公司",
            Form::SoleFactory => "个人独资企业",
            Form::Household => "个体工商户",
            Form::Branch => "分公司",
            Form::Collective => "集体所有制",
            Form::Partnership => "有限合伙企业",
            Form::Institution => "民办非企业单位",
        }
    }

    /// The end of a name.
    pub(super) fn ending(self, district: &str) -> String {
        match self {
            Form::Limited => "有限公司".to_owned(),
            Form::Stock => "股份有限公司".to_owned(),
            Form::LimitedLong => "有限责任公司".to_owned(),
            Form::SoleFactory => "厂".to_owned(),
            Form::Household => "经营部".to_owned(),
            Form::Branch => format!("有限公司{district}分公司"),
            Form::Collective => "合作社".to_owned(),
            Form::Partnership => "合伙企业（有限合伙）".to_owned(),
            Form::Institution => String::new(),
        }
    }

    /// Of how many of a thousand the registry names no capital.
    pub(crate) fn without_capital_per_mille(self) -> u32 {
        WITHOUT_CAPITAL[usize::from(self.is_small())]
    }

    /// Whether it is a household or one person's plant.
    pub(super) fn is_small(self) -> bool {
        matches!(self, Form::Household | Form::SoleFactory)
    }

    /// Whether it has shareholders and a capital of its own.
    pub(crate) fn is_company(self) -> bool {
        matches!(self, Form::Limited | Form::Stock | Form::LimitedLong)
    }
}
