//! How a case ended. Outcomes are the labels that models learn from, so a false
//! alert says whose fault it was: rule, data and linkage errors are counted apart.

use serde::{Deserialize, Serialize};

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// 认定非法集资.
    Illegal,
    /// 涉嫌犯罪移送.
    Transferred,
    /// 有风险已整改.
    Rectified,
    /// 其他违法(非集资).
    OtherOffence,
    /// 不实.
    Unfounded,
    /// 失联无法核查.
    Unreachable,
    /// 重复.
    Duplicate,
}

/// Why an alert was unfounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// 持牌: it may do what it does.
    Licensed,
    /// 正常经营.
    OrdinaryBusiness,
    /// 数据错误: a record was wrong.
    DataError,
    /// 实体错配: a record was somebody else's.
    WrongEntity,
    /// 规则过宽.
    BroadRule,
}

/// Whose error an unfounded alert was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The rules' or the model's.
    Rule,
    /// A source's.
    Data,
    /// That of joining records.
    Linkage,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 7] = [
        Outcome::Illegal,
        Outcome::Transferred,
        Outcome::Rectified,
        Outcome::OtherOffence,
        Outcome::Unfounded,
        Outcome::Unreachable,
        Outcome::Duplicate,
    ];

    /// For people, and in the record that trains.
    pub fn chinese(self) -> &'static str {
        match self {
            Outcome::Illegal => "认定非法集资",
            Outcome::Transferred => "涉嫌犯罪移送",
            Outcome::Rectified => "有风险已整改",
            Outcome::OtherOffence => "其他违法(非集资)",
            Outcome::Unfounded => "不实",
            Outcome::Unreachable => "失联无法核查",
            Outcome::Duplicate => "重复",
        }
    }

    /// Whether it says something of the enterprise: who could not be found, and
    /// what was counted already, teaches nothing.
    pub fn is_label(self) -> bool {
        !matches!(self, Outcome::Unreachable | Outcome::Duplicate)
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 5] = [
        Reason::Licensed,
        Reason::OrdinaryBusiness,
        Reason::DataError,
        Reason::WrongEntity,
        Reason::BroadRule,
    ];

    /// For people.
    pub fn chinese(self) -> &'static str {
        match self {
            Reason::Licensed => "持牌",
            Reason::OrdinaryBusiness => "正常经营",
            Reason::DataError => "数据错误",
            Reason::WrongEntity => "实体错配",
            Reason::BroadRule => "规则过宽",
        }
    }

    /// Whose error it was.
    pub fn fault(self) -> Fault {
        match self {
            Reason::Licensed | Reason::OrdinaryBusiness | Reason::BroadRule => Fault::Rule,
            Reason::DataError => Fault::Data,
            Reason::WrongEntity => Fault::Linkage,
        }
    }
}

/// Whether outcome and reason fit.
///
/// # Errors
/// What is missing or too much.
pub fn check(outcome: Outcome, reason: Option<Reason>) -> Result<(), String> {
    match (outcome, reason) {
        (Outcome::Unfounded, None) => {
            let allowed = Reason::ALL.map(Reason::chinese).join("、");
            Err(format!(
                "outcome 不实 needs a `reason`; allowed are {allowed}"
            ))
        }
        (Outcome::Unfounded, Some(_)) | (_, None) => Ok(()),
        (outcome, Some(_)) => Err(format!(
            "outcome {} takes no `reason`: only 不实 does",
            outcome.chinese()
        )),
    }
}
