//! A case: its stages, and what was done in it. What each action makes of it is in
//! `steps`.
//!
//! 签收 → 分办 → 核查 → 研判 → 处置 → 反馈 → 归档, beside it 补充数据, 并案,
//! 移交外地, 暂缓 and 撤回.

use super::clock::{Clock, Terms};
use super::deed::CaseAction;
use super::jurisdiction::Routing;
use super::measure::Measure;
use super::outcome::{Fault, Outcome, Reason};
use super::steps::ACKNOWLEDGE;
use crate::level::Level;
use serde::{Deserialize, Serialize};

/// How far a case has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// 预警: opened, nobody has taken it in.
    Issued,
    /// 签收.
    Acknowledged,
    /// 分办.
    Assigned,
    /// 核查.
    Verifying,
    /// 研判.
    Judged,
    /// 处置.
    Acting,
    /// 反馈: its outcome is known.
    Labelled,
    /// 归档.
    Archived,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 8] = [
        Stage::Issued,
        Stage::Acknowledged,
        Stage::Assigned,
        Stage::Verifying,
        Stage::Judged,
        Stage::Acting,
        Stage::Labelled,
        Stage::Archived,
    ];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Issued => "issued",
            Stage::Acknowledged => "acknowledged",
            Stage::Assigned => "assigned",
            Stage::Verifying => "verifying",
            Stage::Judged => "judged",
            Stage::Acting => "acting",
            Stage::Labelled => "labelled",
            Stage::Archived => "archived",
        }
    }

    /// For people.
    pub fn chinese(self) -> &'static str {
        match self {
            Stage::Issued => "预警",
            Stage::Acknowledged => "签收",
            Stage::Assigned => "分办",
            Stage::Verifying => "核查",
            Stage::Judged => "研判",
            Stage::Acting => "处置",
            Stage::Labelled => "反馈",
            Stage::Archived => "归档",
        }
    }
}

/// What holds a case up, or ended it beside the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Side {
    /// 补充数据: another agency owes an answer.
    Supplement {
        /// Which.
        agency: String,
        /// Since when, milliseconds UTC.
        since_ms: i64,
    },
    /// 暂缓.
    Suspended {
        /// Until when, milliseconds UTC.
        until_ms: i64,
    },
    /// 并案.
    Merged {
        /// Where it goes on.
        into: String,
    },
    /// 移交外地.
    HandedOver {
        /// To whom.
        to: String,
    },
    /// 撤回.
    Retracted,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The account.
    pub who: String,
    /// The person's own name then.
    pub display: String,
    /// When, milliseconds UTC.
    pub time_ms: i64,
}

/// Something said and signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// By whom.
    pub signed: Signed,
    /// What.
    pub text: String,
}

/// What the investigators conclude.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// By whom.
    pub signed: Signed,
    /// What.
    pub text: String,
    /// Whether measures are called for.
    pub founded: bool,
}

/// A proposed measure and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// From 1 in the case.
    pub number: u32,
    /// Which.
    pub measure: Measure,
    /// What it rests on.
    pub basis: String,
    /// Whether the head has to approve it.
    pub needs_approval: bool,
    /// By whom.
    pub proposed: Signed,
    /// Why.
    pub text: String,
    /// What the head decided.
    pub decided: Option<Decision>,
    /// What came of it, once it was carried out.
    pub carried: Option<Said>,
}

/// What the head decided of a measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whether it may be carried out.
    pub approved: bool,
    /// By whom.
    pub signed: Signed,
    /// Why.
    pub text: String,
}

impl Proposal {
    pub(super) fn may_be_carried(&self) -> bool {
        match &self.decided {
            Some(decision) => decision.approved,
            None => !self.needs_approval,
        }
    }

    pub(super) fn waits(&self) -> bool {
        self.needs_approval && self.decided.is_none()
    }
}

/// What somebody contests before an authority or a court.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    /// Before whom.
    pub agency: String,
    /// Against what.
    pub text: String,
    /// Since when, milliseconds UTC.
    pub since_ms: i64,
}

/// How the case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// How.
    pub outcome: Outcome,
    /// Why it was unfounded, if so.
    pub reason: Option<Reason>,
    /// Whose error that was.
    pub fault: Option<Fault>,
    /// By whom.
    pub signed: Signed,
    /// In words.
    pub text: String,
}

impl Label {
    pub(super) fn of(
        outcome: Outcome,
        reason: Option<Reason>,
        text: &str,
        signed: Signed,
    ) -> Label {
        Label {
            outcome,
            reason,
            fault: reason.map(Reason::fault),
            signed,
            text: text.to_owned(),
        }
    }
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// `C` and the number of the deed that opened it.
    pub id: String,
    /// How many deeds it has: who acts on an older version is refused.
    pub version: u64,
    /// The alert it began with.
    pub alert: String,
    /// The enterprise.
    pub enterprise: String,
    /// Its name.
    pub name: Option<String>,
    /// Its district by the alert.
    pub district: Option<String>,
    /// The alert's level.
    pub level: Level,
    /// How far it has come.
    pub stage: Stage,
    /// What holds it up, or ended it beside the way.
    pub side: Option<Side>,
    /// Who opened it; the policy, where that has no name.
    pub opened: Signed,
    /// Who took it in.
    pub acknowledged: Option<Signed>,
    /// Whose it is.
    pub routing: Option<Routing>,
    /// Who investigates; the time is that of the assignment.
    pub investigators: Vec<Signed>,
    /// What they found.
    pub findings: Vec<Said>,
    /// What they concluded.
    pub judgement: Option<Judgement>,
    /// What is done about it.
    pub measures: Vec<Proposal>,
    /// How it ended.
    pub label: Option<Label>,
    /// What is contested; while it is, nothing of the case may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appeal: Option<Appeal>,
    /// What the office has set itself.
    pub terms: Terms,
    /// By when what has to be done.
    pub clocks: Vec<Clock>,
}

impl Case {
    /// A case as `open` makes it; `None` for other actions.
    pub(super) fn open(id: String, action: &CaseAction, opened: Signed) -> Option<Case> {
        let CaseAction::Open {
            alert,
            enterprise,
            name,
            district,
            level,
            terms,
        } = action
        else {
            return None;
        };
        let clock = Clock::policy(ACKNOWLEDGE, terms.acknowledge, opened.time_ms);
        Some(Case {
            id,
            version: 1,
            alert: alert.clone(),
            enterprise: enterprise.clone(),
            name: name.clone(),
            district: district.clone(),
            level: *level,
            stage: Stage::Issued,
            side: None,
            opened,
            acknowledged: None,
            routing: None,
            investigators: Vec::new(),
            findings: Vec::new(),
            judgement: None,
            measures: Vec::new(),
            label: None,
            appeal: None,
            terms: *terms,
            clocks: vec![clock],
        })
    }

    /// The districts that it concerns.
    pub fn districts(&self) -> impl Iterator<Item = &str> {
        let routed = self.routing.iter();
        let routed = routed.flat_map(|r| std::iter::once(&r.district).chain(&r.cooperating));
        self.district.iter().chain(routed).map(String::as_str)
    }

    /// Whether work on it goes on.
    pub fn is_open(&self) -> bool {
        let ended = matches!(
            self.side,
            Some(Side::Merged { .. } | Side::HandedOver { .. } | Side::Retracted)
        );
        !ended && self.stage < Stage::Labelled
    }

    /// Where it stands, in a word.
    pub fn standing(&self) -> &'static str {
        match &self.side {
            Some(Side::Supplement { .. }) => "waiting for another agency (补充数据)",
            Some(Side::Suspended { .. }) => "suspended (暂缓)",
            Some(Side::Merged { .. }) => "merged into another (并案)",
            Some(Side::HandedOver { .. }) => "handed over (移交外地)",
            Some(Side::Retracted) => "retracted (撤回)",
            None => self.stage.name(),
        }
    }
}
