//! How one enterprise's assessment changes over an interval.
//!
//! Contract: pure. Given the tally before the interval, the changes of tally, the
//! rules that come into force and the midnights that pass within it, gives one
//! change per instant at which the assessment differs from the one before, as a
//! differential collection of (enterprise, assessment) would; and those besides
//! that the rules ask to be told of when they come into force.

use std::rc::Rc;

use differential_dataflow::difference::Semigroup;
use serde::{Deserialize, Serialize};
use tocsin_ingest::fact::{Slot, SubjectKey};

use crate::assessment::{Assessment, Assessor};
use crate::day::{business_day, midnight};
use crate::features::is_registered;
use crate::keeping::slot_of;
use crate::plan::Plan;
use crate::rules::{Graded, Rules};
use crate::tally::Tally;
use crate::types::Time;
use crate::worker::Wanted;

/// A change of an enterprise's assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScoreChange {
    /// The enterprise.
    pub enterprise: SubjectKey,
    /// What was, if it had one.
    pub old: Option<Assessment>,
    /// What is, if it still has one.
    pub new: Option<Assessment>,
    /// The instant, in milliseconds UTC.
    pub time_ms: u64,
}

/// Rules and the instant from which they are in force.
pub(crate) type Version = (Time, Rules);

/// Revises assessments, and counts the records that match registered
/// enterprises on the way.
pub(crate) struct Reviser {
    plan: Rc<Plan>,
    assessor: Assessor,
    /// In force before the interval.
    current: Option<Rules>,
    /// Coming into force within the interval, in time order.
    due: Vec<Version>,
    /// Midnights within the interval, where features age.
    midnights: Vec<Time>,
    /// The business day before the interval.
    yesterday: i32,
    /// By slot: whether features that age are made of it.
    ageing: Vec<bool>,
    /// Whether the interval's changes are wanted.
    wanted: Wanted,
    /// By slot: how the count of matched records has changed.
    matched: Vec<i64>,
    /// How the counts of grades have changed.
    graded: Graded,
}

impl Reviser {
    /// A reviser without rules: nothing has an assessment.
    pub(crate) fn new(plan: Rc<Plan>) -> Self {
        Reviser {
            matched: vec![0; plan.slots.len()],
            ageing: plan.ageing(),
            plan,
            assessor: Assessor::default(),
            current: None,
            due: Vec::new(),
            midnights: Vec::new(),
            yesterday: 0,
            wanted: Wanted::Changes,
            graded: Graded::default(),
        }
    }

    /// Whether there are features that change when only the day does.
    pub(crate) fn ages(&self) -> bool {
        self.ageing.contains(&true)
    }

    /// Says whether changes are wanted from now on.
    pub(crate) fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    /// Begins the interval from `since` to before `until`, within which the
    /// rules `due` come into force.
    pub(crate) fn begin(&mut self, since: Time, until: Time, mut due: Vec<Version>) {
        due.sort_by_key(|(time, _)| *time);
        self.due = due;
        self.yesterday = business_day(since.saturating_sub(1));
        self.midnights.clear();
        // Before the beginning of time nothing was that could age.
        if self.ages() && since > Time::MIN {
            let days = self.yesterday + 1..=business_day(until.saturating_sub(1));
            self.midnights.extend(days.map(midnight));
        }
    }

    /// Ends the interval: its last rules stay in force.
    pub(crate) fn end(&mut self) {
        if let Some((_, rules)) = self.due.drain(..).next_back() {
            self.current = Some(rules);
        }
    }

    /// Whether other rules come into force or a day passes within the interval.
    pub(crate) fn affects_all(&self) -> bool {
        !self.due.is_empty() || !self.midnights.is_empty()
    }

    /// Emits the changes of one enterprise, and leaves its tally as it is at the end
    /// of the interval. `changes` may be in any order.
    pub(crate) fn revise(
        &mut self,
        enterprise: SubjectKey,
        tally: &mut Tally,
        changes: &mut Vec<(Time, Tally)>,
        mut emit: impl FnMut(ScoreChange),
    ) {
        if changes.is_empty() && self.due.is_empty() && !self.is_ageing(tally) {
            return;
        }
        changes.sort_unstable_by_key(|(time, _)| *time);
        self.count_matched(tally, -1);
        let mut rules = self.current.clone();
        let mut day = self.yesterday;
        let mut old = self.assess(rules.as_ref(), tally, day);
        self.count_graded(rules.as_ref(), old.as_ref(), -1);
        let (mut changed, mut due, mut passed) = (changes.drain(..).peekable(), 0, 0);
        loop {
            let of_tally = changed.peek().map(|(time, _)| *time);
            let of_rules = self.due.get(due).map(|(time, _)| *time);
            let of_day = self.midnights.get(passed).copied();
            let next = of_tally.into_iter().chain(of_rules).chain(of_day).min();
            let Some(time_ms) = next else {
                break;
            };
            passed += usize::from(of_day == Some(time_ms));
            while let Some((_, change)) = changed.next_if(|(time, _)| *time == time_ms) {
                tally.plus_equals(&change);
                if old.is_some() {
                    self.assessor.touch(change.entries());
                }
            }
            let mut tell = false;
            while let Some((_, next)) = self.due.get(due).filter(|(time, _)| *time <= time_ms) {
                (rules, tell, due) = (Some(next.clone()), true, due + 1);
            }
            let today = business_day(time_ms);
            let new = match old.is_some() && !tell && day == today {
                true => self.reassess(rules.as_ref(), tally, today),
                false => self.assess(rules.as_ref(), tally, today),
            };
            day = today;
            let tells = |rules: &Rules| rules.tells(enterprise, new.as_ref());
            if new != old || tell && rules.as_ref().is_some_and(tells) {
                emit(ScoreChange {
                    enterprise,
                    old,
                    new,
                    time_ms,
                });
            }
            old = new;
        }
        self.count_graded(rules.as_ref(), old.as_ref(), 1);
        self.count_matched(tally, 1);
    }

    /// Takes how the counts of matched records have changed, by slot.
    pub(crate) fn take_matched(&mut self) -> Vec<(Slot, i64)> {
        let changed = self.matched.iter_mut().enumerate();
        let changed = changed.filter(|(_, count)| **count != 0);
        changed
            .map(|(slot, count)| (slot as Slot, std::mem::take(count)))
            .collect()
    }

    /// Takes how the counts of grades have changed.
    pub(crate) fn take_graded(&mut self) -> Graded {
        std::mem::take(&mut self.graded)
    }

    fn assess(&mut self, rules: Option<&Rules>, tally: &Tally, today: i32) -> Option<Assessment> {
        let rules = rules.filter(|_| self.wanted == Wanted::Changes)?;
        self.assessor.assess(rules, tally, today)
    }

    /// [`Reviser::assess`] of a tally that was assessed last, by these rules on this
    /// day, but for what it was touched with since.
    fn reassess(&mut self, rules: Option<&Rules>, tally: &Tally, today: i32) -> Option<Assessment> {
        let rules = rules.filter(|_| self.wanted == Wanted::Changes)?;
        self.assessor.reassess(rules, tally, today)
    }

    /// Whether a day alone may change the enterprise's assessment.
    fn is_ageing(&self, tally: &Tally) -> bool {
        let ages = |slot: Slot| self.ageing.get(usize::from(slot_of(slot))) == Some(&true);
        !self.midnights.is_empty() && tally.entries().iter().any(|entry| ages(entry.slot))
    }

    /// Counts how model and challenger grade what has just been assessed.
    fn count_graded(&mut self, rules: Option<&Rules>, assessed: Option<&Assessment>, sign: i64) {
        let challenger = rules.and_then(Rules::challenger);
        let (Some(challenger), Some(rules), Some(assessed)) = (challenger, rules, assessed) else {
            return;
        };
        let by = (&challenger.model, &*challenger.resting);
        let beside = self.assessor.beside(rules.plan(), by);
        let grade = &challenger.grade;
        self.graded.count(grade(assessed), grade(&beside), sign);
    }

    fn count_matched(&mut self, tally: &Tally, sign: i64) {
        if !is_registered(&self.plan, tally) {
            return;
        }
        for entry in tally.entries() {
            if self.plan.is_matched(entry.slot) {
                self.matched[usize::from(entry.slot)] += sign * i64::from(entry.n);
            }
        }
    }
}
