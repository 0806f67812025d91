//! By when something has to be done, why, and how far its time has run.
//!
//! A clock keeps the words of what it rests on as they were when it began. Of a
//! term in days the day on which it begins does not count, and it ends with its
//! last day (民法典 201, 203; where the last day is no working day the term of a
//! law would end later, so what is shown is never too late). Policy clocks stand
//! while another agency owes an answer or the case is suspended; statutory ones
//! do not.

use super::calendar::{Calendar, day_at, end_of};
use crate::level::Level;
use serde::{Deserialize, Serialize};

/// What a clock rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A law or regulation.
    Statutory,
    /// A document that guides, without binding.
    Guidance,
    /// What the office has set itself.
    Policy,
}

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Term {
    /// Hours from the instant on.
    Hours(u32),
    /// Days of the calendar.
    Days(u32),
    /// 工作日.
    WorkingDays(u32),
}

/// What the office has set itself for a level; frozen in the case at its opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// To acknowledge.
    pub acknowledge: Term,
    /// To a first finding, from the acknowledgement.
    pub finding: Term,
    /// To the outcome, from the acknowledgement.
    pub outcome: Term,
}

impl Terms {
    /// The defaults for a level.
    pub fn of(level: Level) -> Terms {
        let terms = |acknowledge, finding, outcome| Terms {
            acknowledge,
            finding: Term::WorkingDays(finding),
            outcome: Term::WorkingDays(outcome),
        };
        match level {
            Level::Red => terms(Term::Hours(2), 1, 3),
            Level::Orange => terms(Term::WorkingDays(1), 5, 10),
            Level::Yellow => terms(Term::WorkingDays(2), 10, 10),
            Level::Blue | Level::None => terms(Term::WorkingDays(5), 20, 30),
        }
    }
}

/// A term of a law, with its article.
pub(super) struct Statute {
    /// What has to be done.
    pub(super) name: &'static str,
    /// How long.
    pub(super) term: Term,
    /// The article.
    pub(super) basis: &'static str,
}

/// The head decides on a transfer to the police.
pub(super) const DECIDE_TRANSFER: Statute = Statute {
    name: "负责人决定是否移送",
    term: Term::Days(3),
    basis: "行政执法机关移送涉嫌犯罪案件的规定 第五条",
};
/// What was approved is handed over.
pub(super) const HAND_OVER: Statute = Statute {
    name: "向公安机关移送",
    term: Term::Hours(24),
    basis: "行政执法机关移送涉嫌犯罪案件的规定 第五条",
};
/// The police decide whether to file.
pub(super) const POLICE_REVIEW: Statute = Statute {
    name: "公安机关立案审查",
    term: Term::Days(3),
    basis: "行政执法机关移送涉嫌犯罪案件的规定 第八条",
};
/// The administrative decision after filing.
pub(super) const DECISION: Statute = Statute {
    name: "作出行政处罚决定",
    term: Term::Days(90),
    basis: "行政处罚法 第六十条",
};
/// What becomes of evidence that was registered first; such short terms of this
/// law are working days (第八十五条).
pub(super) const EVIDENCE: Statute = Statute {
    name: "先行登记保存证据的处理",
    term: Term::WorkingDays(7),
    basis: "行政处罚法 第五十六条",
};
/// Sealing and seizing end.
pub(super) const SEAL: Statute = Statute {
    name: "查封、扣押期限",
    term: Term::Days(30),
    basis: "行政强制法 第二十五条",
};

/// A clock of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What has to be done.
    pub name: String,
    /// What it rests on, as it was when the clock began.
    pub basis: String,
    /// What kind of thing that is.
    pub kind: Kind,
    /// How long.
    pub term: Term,
    /// When it began, milliseconds UTC.
    pub since_ms: i64,
    /// When it stood: from, to; an open end: it stands.
    pub pauses: Vec<(i64, Option<i64>)>,
    /// When it was done, or became void.
    pub ended_ms: Option<i64>,
}

/// How far a clock has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Escalation {
    /// Less than half.
    None,
    /// Half of the time: those who work on it are reminded.
    Half,
    /// Four fifths: the duty officer hears of it.
    Eighty,
    /// All of it: the head does.
    Overdue,
}

impl Clock {
    /// A clock of a law.
    pub(super) fn statutory(statute: &Statute, now_ms: i64) -> Clock {
        Clock::new(
            statute.name,
            statute.basis,
            Kind::Statutory,
            statute.term,
            now_ms,
        )
    }

    /// A clock that the office has set itself.
    pub(super) fn policy(name: &str, term: Term, now_ms: i64) -> Clock {
        Clock::new(
            name,
            "本单位时限设定(系统配置),非法定期限",
            Kind::Policy,
            term,
            now_ms,
        )
    }

    fn new(name: &str, basis: &str, kind: Kind, term: Term, now_ms: i64) -> Clock {
        Clock {
            name: name.to_owned(),
            basis: basis.to_owned(),
            kind,
            term,
            since_ms: now_ms,
            pauses: Vec::new(),
            ended_ms: None,
        }
    }

    /// Stands from now on, if such a clock may.
    pub(super) fn pause(&mut self, now_ms: i64) {
        let stands = self.stands();
        if self.kind != Kind::Statutory && self.ended_ms.is_none() && !stands {
            self.pauses.push((now_ms, None));
        }
    }

    /// Goes on.
    pub(super) fn resume(&mut self, now_ms: i64) {
        if let Some((_, end @ None)) = self.pauses.last_mut() {
            *end = Some(now_ms);
        }
    }

    /// Whether it stands.
    pub fn stands(&self) -> bool {
        self.pauses.last().is_some_and(|(_, end)| end.is_none())
    }

    /// By when, if it does not stand from `now_ms` on: milliseconds UTC.
    pub fn due_ms(&self, calendar: &Calendar, now_ms: i64) -> i64 {
        let start = day_at(self.since_ms);
        match self.term {
            Term::Hours(hours) => {
                let stood = self
                    .pauses
                    .iter()
                    .map(|(from, to)| to.unwrap_or(now_ms) - from);
                self.since_ms + i64::from(hours) * 3_600_000 + stood.sum::<i64>().max(0)
            }
            Term::Days(days) => end_of(self.count(start, days, now_ms, |_| true)),
            Term::WorkingDays(days) => {
                end_of(self.count(start, days, now_ms, |day| calendar.works(day)))
            }
        }
    }

    /// The last of so many days after `start` that count and were not stood on.
    fn count(&self, start: i64, days: u32, now_ms: i64, counts: impl Fn(i64) -> bool) -> i64 {
        let mut day = start;
        for _ in 0..days {
            day += 1;
            while !counts(day) || self.stood_on(day, now_ms) {
                day += 1;
            }
        }
        day
    }

    /// A day is stood on if the clock stood at its end: a pause that begins and
    /// ends on one day changes nothing.
    fn stood_on(&self, day: i64, now_ms: i64) -> bool {
        let last = |(_, to): &(i64, Option<i64>)| to.unwrap_or(now_ms);
        let mut pauses = self.pauses.iter();
        pauses.any(|pause| day_at(pause.0) <= day && day < day_at(last(pause)))
    }

    /// Whether the days off of all its days are known.
    pub fn is_exact(&self, calendar: &Calendar, now_ms: i64) -> bool {
        let last = day_at(self.due_ms(calendar, now_ms));
        let working = matches!(self.term, Term::WorkingDays(_));
        !working || (calendar.knows(day_at(self.since_ms)) && calendar.knows(last))
    }

    /// How much of its time has run, per cent; time that does not count (days
    /// off of a term in working days, pauses) does not run.
    pub fn run_percent(&self, calendar: &Calendar, now_ms: i64) -> u32 {
        let now_ms = self.ended_ms.unwrap_or(now_ms);
        let due = self.due_ms(calendar, now_ms);
        let whole = self.counted_ms(due, calendar, now_ms).max(1);
        let run = self.counted_ms(now_ms, calendar, now_ms).max(0);
        u32::try_from(run.saturating_mul(100) / whole).unwrap_or(u32::MAX)
    }

    /// The milliseconds that count from the beginning until `until`.
    fn counted_ms(&self, until: i64, calendar: &Calendar, now_ms: i64) -> i64 {
        let skips = |day| matches!(self.term, Term::WorkingDays(_)) && !calendar.works(day);
        let mut counted = 0;
        let mut at = self.since_ms;
        while at < until {
            let next = (end_of(day_at(at)) + 1).min(until);
            if !skips(day_at(at)) {
                counted += next - at - self.stood_ms(at, next, now_ms);
            }
            at = next;
        }
        counted
    }

    fn stood_ms(&self, from: i64, to: i64, now_ms: i64) -> i64 {
        let overlap = |pause: &(i64, Option<i64>)| {
            (pause.1.unwrap_or(now_ms.max(to)).min(to) - pause.0.max(from)).max(0)
        };
        self.pauses.iter().map(overlap).sum()
    }

    /// Who is to hear of it.
    pub fn escalation(&self, calendar: &Calendar, now_ms: i64) -> Escalation {
        let at = self.ended_ms.unwrap_or(now_ms);
        let percent = self.run_percent(calendar, now_ms);
        match percent {
            _ if at > self.due_ms(calendar, at) => Escalation::Overdue,
            80.. => Escalation::Eighty,
            50.. => Escalation::Half,
            _ => Escalation::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let stamp: jiff::Timestamp = format!("{text}:00+08:00").parse().unwrap();
        stamp.as_millisecond()
    }

    fn clock(term: Term, since: &str) -> Clock {
        Clock::policy("x", term, at(since))
    }

    #[test]
    fn terms_end_when_they_should() {
        let calendar = Calendar::china();
        for (term, since, due) in [
            (Term::Hours(2), "2025-09-30T23:00", "2025-10-01T01:00"),
            (Term::WorkingDays(1), "2025-09-30T09:00", "2025-10-09T23:59"),
            (
                Term::WorkingDays(10),
                "2025-06-30T17:00",
                "2025-07-14T23:59",
            ),
            (Term::Days(3), "2025-09-30T09:00", "2025-10-03T23:59"),
            (Term::Days(90), "2025-01-01T09:00", "2025-04-01T23:59"),
        ] {
            let found = clock(term, since).due_ms(&calendar, at(since));
            assert_eq!(found / 60_000, at(due) / 60_000, "{term:?} since {since}");
        }
    }

    #[test]
    fn a_clock_stands_while_another_agency_owes_an_answer() {
        let calendar = Calendar::china();
        let mut waiting = clock(Term::WorkingDays(2), "2025-06-30T09:00");
        waiting.pause(at("2025-07-01T10:00"));
        waiting.pause(at("2025-07-01T11:00"));
        assert!(waiting.stands());
        waiting.resume(at("2025-07-03T10:00"));
        waiting.resume(at("2025-07-04T10:00"));
        assert_eq!(waiting.pauses.len(), 1);
        // The 1st and the 2nd do not count.
        let due = waiting.due_ms(&calendar, at("2025-07-03T10:00"));
        assert_eq!(due, end_of(day_at(at("2025-07-04T10:00"))));
        let mut law = Clock::statutory(&DECIDE_TRANSFER, at("2025-06-30T09:00"));
        law.pause(at("2025-07-01T10:00"));
        assert!(!law.stands());
        let mut hours = clock(Term::Hours(2), "2025-06-30T09:00");
        hours.pause(at("2025-06-30T10:00"));
        hours.resume(at("2025-06-30T15:00"));
        assert_eq!(hours.due_ms(&calendar, 0), at("2025-06-30T16:00"));
    }

    #[test]
    fn escalation_goes_by_time_that_counts() {
        let calendar = Calendar::china();
        let two = clock(Term::WorkingDays(2), "2025-06-27T00:00"); // a Friday
        for (now, expected) in [
            ("2025-06-27T12:00", Escalation::None),
            ("2025-06-29T23:00", Escalation::None), // the weekend does not run
            ("2025-06-30T13:00", Escalation::Half),
            ("2025-07-01T12:00", Escalation::Eighty),
            ("2025-07-02T00:01", Escalation::Overdue),
        ] {
            assert_eq!(two.escalation(&calendar, at(now)), expected, "{now}");
        }
        let mut done = two.clone();
        done.ended_ms = Some(at("2025-06-27T12:00"));
        assert_eq!(
            done.escalation(&calendar, at("2025-08-01T00:00")),
            Escalation::None
        );
    }

    #[test]
    fn a_term_into_a_year_that_is_not_announced_says_so() {
        let calendar = Calendar::china();
        let known = clock(Term::WorkingDays(5), "2026-12-01T09:00");
        assert!(known.is_exact(&calendar, known.since_ms));
        let unknown = clock(Term::WorkingDays(5), "2026-12-29T09:00");
        assert!(!unknown.is_exact(&calendar, unknown.since_ms));
        let natural = clock(Term::Days(5), "2026-12-29T09:00");
        assert!(natural.is_exact(&calendar, natural.since_ms));
    }
}
