//! What each action makes of a case, once the rules have let it pass.

use super::approval::{INVESTIGATORS, Names};
use super::case::{Appeal, Case, Decision, Judgement, Label, Proposal, Said, Side, Signed, Stage};
use super::clock::{self, Clock, Statute, Terms};
use super::deed::CaseAction;
use super::jurisdiction::{Places, route};
use super::measure::Measure;
use super::outcome::{self, Outcome, Reason};
use super::person::Person;
use super::rule::Refusal;
use crate::level::Level;

/// Who does it, when, and whom else it concerns.
pub(super) struct By<'a> {
    pub(super) signed: Signed,
    pub(super) person: Option<&'a Person>,
    /// The named investigators, in order; `None`: there is no such account.
    pub(super) named: Vec<Option<&'a Person>>,
    /// What accounts were ever called.
    pub(super) names: &'a Names,
    /// The case that this one is to be merged into.
    pub(super) other: Option<&'a Case>,
}

/// What the first clock waits for.
pub(super) const ACKNOWLEDGE: &str = "签收";
const FINDING: &str = "初步核查结果";
const OUTCOME: &str = "反馈办理结果";

impl Case {
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
            CaseAction::Judge { text, founded } => self.judge(text, *founded, by)?,
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
            CaseAction::Appeal { agency, text } => self.appeal(agency, text, now)?,
            CaseAction::AppealDecided { .. } => {
                if self.appeal.take().is_none() {
                    let detail = format!("no appeal is pending in case {}", self.id);
                    return Err(Refusal::Conflict(detail));
                }
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
            let may = by.names.may_investigate(self, person);
            may.map_err(Refusal::Forbidden)?;
            investigators.push(Signed {
                who: person.name.clone(),
                display: person.display.clone(),
                time_ms: by.signed.time_ms,
            });
        }
        let different = by.names.different(&investigators);
        if different < INVESTIGATORS || investigators.len() != names.len() {
            return Err(Refusal::Invalid(format!(
                "`investigators` names {different} different persons; at least {INVESTIGATORS} have to investigate (国务院令第737号 第二十一条)"
            )));
        }
        self.routing = Some(routing);
        self.investigators = investigators;
        self.stage = self.stage.max(Stage::Assigned);
        Ok(())
    }

    fn judge(&mut self, text: &str, founded: bool, by: By<'_>) -> Result<(), Refusal> {
        let found = self.checked_by(by.names);
        if found < INVESTIGATORS {
            return Err(Refusal::Conflict(format!(
                "case {} has findings of {found} different persons; it is judged on those of at least {INVESTIGATORS} (国务院令第737号 第二十一条)",
                self.id
            )));
        }
        self.judgement = Some(Judgement {
            signed: by.signed,
            text: text.to_owned(),
            founded,
        });
        self.stage = Stage::Judged;
        Ok(())
    }

    /// How many different persons signed findings.
    pub(super) fn checked_by(&self, names: &Names) -> usize {
        let signatures: Vec<Signed> = self.findings.iter().map(|f| f.signed.clone()).collect();
        names.different(&signatures)
    }

    /// Whether measures may be proposed: not once the case was judged unfounded.
    pub(super) fn calls_for_measures(&self) -> bool {
        self.judgement.is_none() || self.is_founded()
    }

    fn is_founded(&self) -> bool {
        self.judgement
            .as_ref()
            .is_some_and(|judgement| judgement.founded)
    }

    fn propose(&mut self, measure: Measure, text: &str, signed: Signed) -> Result<(), Refusal> {
        if !self.calls_for_measures() {
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
            let why = match proposal.decided {
                Some(_) => "it was decided already",
                None => "it needs none and may be carried out",
            };
            return Err(Refusal::Conflict(format!(
                "measure {number} of case {} waits for no decision: {why}",
                self.id
            )));
        }
        if let Some(person) = by.person {
            let may = by.names.may_decide(self, proposal, person);
            may.map_err(Refusal::Forbidden)?;
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
        self.label = Some(Label::of(outcome, reason, text, signed));
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
        self.label = Some(Label::of(outcome, reason, text, signed));
        Ok(())
    }

    fn appeal(&mut self, agency: &str, text: &str, now: i64) -> Result<(), Refusal> {
        if let Some(appeal) = &self.appeal {
            let detail = format!(
                "an appeal is pending in case {} before {}",
                self.id, appeal.agency
            );
            return Err(Refusal::Conflict(detail));
        }
        self.appeal = Some(Appeal {
            agency: required("agency", agency)?,
            text: text.to_owned(),
            since_ms: now,
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
