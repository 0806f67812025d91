//! A case: its stages, what was done in it, and what each action makes of it.
//!
//! 签收 → 分办 → 核查 → 研判 → 处置 → 反馈 → 归档, beside it 补充数据, 并案,
//! 移交外地, 暂缓 and 撤回.

use super::approval::{INVESTIGATORS, different, may_decide};
use super::clock::{self, Clock, Statute, Terms};
use super::deed::CaseAction;
use super::jurisdiction::{Places, Routing, route};
use super::measure::Measure;
use super::outcome::{self, Fault, Outcome, Reason};
use super::person::Person;
use super::rule::Refusal;
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
    fn may_be_carried(&self) -> bool {
        match &self.decided {
            Some(decision) => decision.approved,
            None => !self.needs_approval,
        }
    }

    fn waits(&self) -> bool {
        self.needs_approval && self.decided.is_none()
    }
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
    /// What the office has set itself.
    pub terms: Terms,
    /// By when what has to be done.
    pub clocks: Vec<Clock>,
}

/// Who does it, when, and whom else it concerns.
pub(super) struct By<'a> {
    pub(super) signed: Signed,
    pub(super) person: Option<&'a Person>,
    /// The named investigators, in order; `None`: there is no such account.
    pub(super) named: Vec<Option<&'a Person>>,
    /// The case that this one is to be merged into.
    pub(super) other: Option<&'a Case>,
}

const ACKNOWLEDGE: &str = "签收";
const FINDING: &str = "初步核查结果";
const OUTCOME: &str = "反馈办理结果";

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

    /// Does what the rules allow.
    pub(super) fn apply(&mut self, action: &CaseAction, by: By<'_>) -> Result<(), Refusal> {
        let now = by.signed.time_ms;
        match action {
            CaseAction::Open { .. } => return Err(Refusal::Conflict("it is open".to_owned())),
            CaseAction::Escalate { level, terms } => self.escalate(*level, *terms, now)?,
            CaseAction::Acknowledge { .. } => {
                self.stage = Stage::Acknowledged;
                self.acknowledged = Some(by.signed);
                self.end_clock(ACKNOWLEDGE, now);
                self.clocks
                    .push(Clock::policy(FINDING, self.terms.finding, now));
                self.clocks
                    .push(Clock::policy(OUTCOME, self.terms.outcome, now));
            }
            CaseAction::Assign {
                places,
                investigators,
                ..
            } => {
                self.assign(places, investigators, &by)?;
            }
            CaseAction::Check { text } => {
                self.stage = Stage::Verifying;
                self.findings.push(Said {
                    signed: by.signed,
                    text: text.clone(),
                });
                self.end_clock(FINDING, now);
            }
            CaseAction::Ask { agency, .. } => {
                let agency = required("agency", agency)?;
                self.side = Some(Side::Supplement {
                    agency,
                    since_ms: now,
                });
                self.clocks.iter_mut().for_each(|clock| clock.pause(now));
            }
            CaseAction::Answered { .. } | CaseAction::Resume { .. } => {
                self.side = None;
                self.clocks.iter_mut().for_each(|clock| clock.resume(now));
            }
            CaseAction::Judge { text, founded } => self.judge(text, *founded, by.signed)?,
            CaseAction::Propose { measure, text } => self.propose(*measure, text, by.signed)?,
            CaseAction::Approve { measure, text } => self.decide(*measure, true, text, &by)?,
            CaseAction::Refuse { measure, text } => self.decide(*measure, false, text, &by)?,
            CaseAction::Carry { measure, text } => self.carry(*measure, text, by.signed)?,
            CaseAction::Label {
                outcome,
                reason,
                text,
            } => {
                self.set_label(*outcome, *reason, text, by.signed)?;
                self.stage = Stage::Labelled;
                self.end_clocks(now);
            }
            CaseAction::Correct {
                outcome,
                reason,
                text,
            } => {
                self.correct(*outcome, *reason, text, by.signed)?;
            }
            CaseAction::Archive { .. } => self.stage = Stage::Archived,
            CaseAction::Merge { into, .. } => self.merge(into, by.other, now)?,
            CaseAction::HandOver { to, .. } => {
                self.side = Some(Side::HandedOver {
                    to: required("to", to)?,
                });
                self.end_clocks(now);
            }
            CaseAction::Suspend { until_ms, .. } => {
                if *until_ms <= now {
                    return Err(Refusal::Invalid(
                        "`until_ms` is not in the future".to_owned(),
                    ));
                }
                self.side = Some(Side::Suspended {
                    until_ms: *until_ms,
                });
                self.clocks.iter_mut().for_each(|clock| clock.pause(now));
            }
            CaseAction::Retract { .. } => {
                self.side = Some(Side::Retracted);
                self.end_clocks(now);
            }
        }
        self.version += 1;
        Ok(())
    }

    fn escalate(&mut self, level: Level, terms: Terms, now: i64) -> Result<(), Refusal> {
        if level <= self.level {
            let detail = format!("case {} is {} already", self.id, self.level.name());
            return Err(Refusal::Conflict(detail));
        }
        self.level = level;
        self.terms = terms;
        // A higher level asks for more haste from now on, never for less.
        let waiting = [
            (ACKNOWLEDGE, terms.acknowledge),
            (FINDING, terms.finding),
            (OUTCOME, terms.outcome),
        ];
        for (name, term) in waiting {
            let running = |clock: &&mut Clock| clock.name == name && clock.ended_ms.is_none();
            if let Some(clock) = self.clocks.iter_mut().find(running) {
                let stood = clock.stands();
                clock.ended_ms = Some(now);
                let mut next = Clock::policy(name, term, now);
                if stood {
                    next.pause(now);
                }
                self.clocks.push(next);
            }
        }
        Ok(())
    }

    fn assign(&mut self, places: &Places, names: &[String], by: &By<'_>) -> Result<(), Refusal> {
        let places = match (&places.registered, &self.district) {
            (None, Some(district)) => Places {
                registered: Some(district.clone()),
                ..places.clone()
            },
            _ => places.clone(),
        };
        let routing = route(&places).map_err(Refusal::Invalid)?;
        let mut investigators = Vec::new();
        for (name, person) in names.iter().zip(&by.named) {
            let person = person.filter(|p| !p.disabled).ok_or_else(|| {
                Refusal::Invalid(format!(
                    "`investigators`: there is no open account `{name}`"
                ))
            })?;
            if !person.roles.contains(&super::Role::Investigator) {
                let detail = format!("`investigators`: `{name}` has not the role investigator");
                return Err(Refusal::Invalid(detail));
            }
            let concerned = std::iter::once(&routing.district).chain(&routing.cooperating);
            if !person.sees(concerned.map(String::as_str)) {
                let detail = format!("`investigators`: `{name}` has none of the case's districts");
                return Err(Refusal::Invalid(detail));
            }
            investigators.push(Signed {
                who: person.name.clone(),
                display: person.display.clone(),
                time_ms: by.signed.time_ms,
            });
        }
        if different(&investigators) < INVESTIGATORS || investigators.len() != names.len() {
            return Err(Refusal::Invalid(format!(
                "`investigators` names {} different persons; at least {INVESTIGATORS} have to investigate (国务院令第737号 第二十一条)",
                different(&investigators)
            )));
        }
        self.routing = Some(routing);
        self.investigators = investigators;
        self.stage = self.stage.max(Stage::Assigned);
        Ok(())
    }

    fn judge(&mut self, text: &str, founded: bool, signed: Signed) -> Result<(), Refusal> {
        let signatures: Vec<Signed> = self.findings.iter().map(|f| f.signed.clone()).collect();
        let found = different(&signatures);
        if found < INVESTIGATORS {
            return Err(Refusal::Conflict(format!(
                "case {} has findings of {found} different persons; it is judged on those of at least {INVESTIGATORS} (国务院令第737号 第二十一条)",
                self.id
            )));
        }
        self.judgement = Some(Judgement {
            signed,
            text: text.to_owned(),
            founded,
        });
        self.stage = Stage::Judged;
        Ok(())
    }

    fn is_founded(&self) -> bool {
        self.judgement
            .as_ref()
            .is_some_and(|judgement| judgement.founded)
    }

    fn propose(&mut self, measure: Measure, text: &str, signed: Signed) -> Result<(), Refusal> {
        if self.judgement.is_some() && !self.is_founded() {
            let detail = format!(
                "case {} was judged unfounded: no measure is called for",
                self.id
            );
            return Err(Refusal::Conflict(detail));
        }
        if measure == Measure::Finding && !self.is_founded() {
            let detail = format!("case {} is not judged yet: nothing can be found", self.id);
            return Err(Refusal::Conflict(detail));
        }
        if measure == Measure::Transfer {
            self.begin(&clock::DECIDE_TRANSFER, signed.time_ms);
        }
        self.measures.push(Proposal {
            number: self.measures.len() as u32 + 1,
            measure,
            basis: measure.basis().to_owned(),
            needs_approval: measure.needs_approval(),
            proposed: signed,
            text: text.to_owned(),
            decided: None,
            carried: None,
        });
        Ok(())
    }

    fn proposal(&self, number: u32) -> Result<usize, Refusal> {
        let place = self
            .measures
            .iter()
            .position(|measure| measure.number == number);
        place.ok_or_else(|| {
            let count = self.measures.len();
            Refusal::NotFound(format!(
                "case {} has no measure {number}; it has {count}",
                self.id
            ))
        })
    }

    fn decide(
        &mut self,
        number: u32,
        approved: bool,
        text: &str,
        by: &By<'_>,
    ) -> Result<(), Refusal> {
        let place = self.proposal(number)?;
        let proposal = &self.measures[place];
        if !proposal.waits() {
            let detail = format!("measure {number} of case {} waits for no decision", self.id);
            return Err(Refusal::Conflict(detail));
        }
        if let Some(person) = by.person {
            may_decide(self, proposal, person).map_err(Refusal::Forbidden)?;
        }
        let measure = proposal.measure;
        self.measures[place].decided = Some(Decision {
            approved,
            signed: by.signed.clone(),
            text: text.to_owned(),
        });
        if measure == Measure::Transfer {
            self.end_clock(clock::DECIDE_TRANSFER.name, by.signed.time_ms);
            if approved {
                self.begin(&clock::HAND_OVER, by.signed.time_ms);
            }
        }
        Ok(())
    }

    fn carry(&mut self, number: u32, text: &str, signed: Signed) -> Result<(), Refusal> {
        let place = self.proposal(number)?;
        let proposal = &self.measures[place];
        if proposal.carried.is_some() || !proposal.may_be_carried() {
            let why = match (&proposal.carried, &proposal.decided) {
                (Some(_), _) => "was carried out already",
                (None, Some(_)) => "was refused",
                (None, None) => "needs the head's approval first",
            };
            let detail = format!(
                "measure {number} of case {} {why} ({})",
                self.id, proposal.basis
            );
            return Err(Refusal::Conflict(detail));
        }
        let (measure, now) = (proposal.measure, signed.time_ms);
        self.measures[place].carried = Some(Said {
            signed,
            text: text.to_owned(),
        });
        if self.stage == Stage::Judged {
            self.stage = Stage::Acting;
        }
        match measure {
            Measure::Transfer => {
                self.end_clock(clock::HAND_OVER.name, now);
                self.begin(&clock::POLICE_REVIEW, now);
            }
            Measure::File => self.begin(&clock::DECISION, now),
            Measure::Finding => self.end_clock(clock::DECISION.name, now),
            Measure::RegisterEvidence => self.begin(&clock::EVIDENCE, now),
            Measure::Seal => self.begin(&clock::SEAL, now),
            _ => {}
        }
        Ok(())
    }

    fn set_label(
        &mut self,
        outcome: Outcome,
        reason: Option<Reason>,
        text: &str,
        signed: Signed,
    ) -> Result<(), Refusal> {
        outcome::check(outcome, reason).map_err(Refusal::Invalid)?;
        self.check_outcome(outcome)?;
        let fault = reason.map(Reason::fault);
        self.label = Some(Label {
            outcome,
            reason,
            fault,
            signed,
            text: text.to_owned(),
        });
        Ok(())
    }

    /// Whether what was judged and done bears this outcome.
    fn check_outcome(&self, outcome: Outcome) -> Result<(), Refusal> {
        if let Some(waiting) = self.measures.iter().find(|measure| measure.waits()) {
            return Err(Refusal::Conflict(format!(
                "measure {} of case {} waits for the head's decision",
                waiting.number, self.id
            )));
        }
        let carried = |wanted: &[Measure]| {
            let done = self.measures.iter().filter(|m| m.carried.is_some());
            done.map(|m| m.measure)
                .any(|measure| wanted.contains(&measure))
        };
        let lacks = match outcome {
            Outcome::Illegal if !carried(&[Measure::Finding]) => {
                "a finding that the head approved and that was carried out (国务院令第737号 第三十条)"
            }
            Outcome::Transferred if !carried(&[Measure::Transfer]) => {
                "a transfer that the head approved and that was carried out"
            }
            Outcome::Rectified if !carried(&[Measure::Talk, Measure::Rectify]) => {
                "a talk or an order to rectify that was carried out"
            }
            Outcome::Unfounded if self.is_founded() => "a judgement that it is unfounded",
            _ => return Ok(()),
        };
        Err(Refusal::Conflict(format!(
            "outcome {} of case {} needs {lacks}",
            outcome.chinese(),
            self.id
        )))
    }

    /// What a correction says need not follow from the case: it is the head who
    /// says so, or the investigators, and why.
    fn correct(
        &mut self,
        outcome: Outcome,
        reason: Option<Reason>,
        text: &str,
        signed: Signed,
    ) -> Result<(), Refusal> {
        outcome::check(outcome, reason).map_err(Refusal::Invalid)?;
        let same = self
            .label
            .as_ref()
            .is_some_and(|l| l.outcome == outcome && l.reason == reason);
        if same {
            let detail = format!("case {} has that outcome already", self.id);
            return Err(Refusal::Conflict(detail));
        }
        // Nobody is found to have broken the law by correcting a line.
        if matches!(outcome, Outcome::Illegal | Outcome::Transferred) {
            self.check_outcome(outcome)?;
        }
        let fault = reason.map(Reason::fault);
        self.label = Some(Label {
            outcome,
            reason,
            fault,
            signed,
            text: text.to_owned(),
        });
        Ok(())
    }

    fn merge(&mut self, into: &str, other: Option<&Case>, now: i64) -> Result<(), Refusal> {
        let other = other.ok_or_else(|| Refusal::NotFound(format!("there is no case `{into}`")))?;
        if other.id == self.id || !other.is_open() {
            let detail = format!("case {into} is no other open case");
            return Err(Refusal::Conflict(detail));
        }
        self.side = Some(Side::Merged {
            into: into.to_owned(),
        });
        self.end_clocks(now);
        Ok(())
    }

    fn begin(&mut self, statute: &Statute, now: i64) {
        self.clocks.push(Clock::statutory(statute, now));
    }

    fn end_clock(&mut self, name: &str, now: i64) {
        let running = self.clocks.iter_mut();
        let running = running.filter(|clock| clock.name == name && clock.ended_ms.is_none());
        running.for_each(|clock| {
            clock.resume(now);
            clock.ended_ms = Some(now);
        });
    }

    fn end_clocks(&mut self, now: i64) {
        for clock in self
            .clocks
            .iter_mut()
            .filter(|clock| clock.ended_ms.is_none())
        {
            clock.resume(now);
            clock.ended_ms = Some(now);
        }
    }
}

fn required(field: &str, text: &str) -> Result<String, Refusal> {
    match text.trim() {
        "" => Err(Refusal::Invalid(format!("`{field}` is empty"))),
        text => Ok(text.to_owned()),
    }
}
