//! How one enterprise's assessment changes over an interval.
//!
//! Contract: pure. Given the tally before the interval, the changes of tally and
//! the models that come into force within it, gives one change per instant at
//! which the assessment differs from the one before, as a differential
//! collection of (enterprise, assessment) would.

use std::rc::Rc;

use differential_dataflow::difference::Semigroup;
use tocsin_ingest::fact::{Slot, SubjectKey};
use tocsin_models::BoundScorecard;

use crate::assessment::{Assessment, Assessor};
use crate::features::is_registered;
use crate::plan::Plan;
use crate::tally::Tally;
use crate::types::Time;

/// A change of an enterprise's assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// A model and the instant from which it is in force.
pub(crate) type Version = (Time, BoundScorecard);

/// Revises assessments, and counts the records that match registered
/// enterprises on the way.
pub(crate) struct Reviser {
    plan: Rc<Plan>,
    assessor: Assessor,
    /// In force before the interval.
    current: Option<BoundScorecard>,
    /// Coming into force within the interval, in time order.
    due: Vec<Version>,
    /// By slot: how the count of matched records has changed.
    matched: Vec<i64>,
}

impl Reviser {
    /// A reviser without a model: nothing has an assessment.
    pub(crate) fn new(plan: Rc<Plan>) -> Self {
        Reviser {
            matched: vec![0; plan.slots.len()],
            plan,
            assessor: Assessor::default(),
            current: None,
            due: Vec::new(),
        }
    }

    /// Begins an interval within which the models `due` come into force.
    pub(crate) fn begin(&mut self, mut due: Vec<Version>) {
        due.sort_by_key(|(time, _)| *time);
        self.due = due;
    }

    /// Ends the interval: its last model stays in force.
    pub(crate) fn end(&mut self) {
        if let Some((_, model)) = self.due.drain(..).next_back() {
            self.current = Some(model);
        }
    }

    /// Whether a model comes into force within the interval.
    pub(crate) fn affects_all(&self) -> bool {
        !self.due.is_empty()
    }

    /// Emits the changes of one enterprise. `changes` may be in any order.
    pub(crate) fn revise(
        &mut self,
        enterprise: SubjectKey,
        mut tally: Tally,
        changes: &mut Vec<(Time, Tally)>,
        mut emit: impl FnMut(ScoreChange),
    ) {
        changes.sort_unstable_by_key(|(time, _)| *time);
        self.count_matched(&tally, -1);
        let mut old = self.assess(self.current.clone().as_ref(), &tally);
        let (mut changed, mut due) = (changes.drain(..).peekable(), 0);
        loop {
            let of_tally = changed.peek().map(|(time, _)| *time);
            let of_model = self.due.get(due).map(|(time, _)| *time);
            let Some(time_ms) = of_tally.into_iter().chain(of_model).min() else {
                break;
            };
            while let Some((_, change)) = changed.next_if(|(time, _)| *time == time_ms) {
                tally.plus_equals(&change);
            }
            due += self.due[due..].partition_point(|(time, _)| *time <= time_ms);
            let model = due.checked_sub(1).map(|last| &self.due[last].1);
            let model = model.or(self.current.as_ref()).cloned();
            let new = self.assess(model.as_ref(), &tally);
            if new != old {
                emit(ScoreChange {
                    enterprise,
                    old,
                    new,
                    time_ms,
                });
            }
            old = new;
        }
        self.count_matched(&tally, 1);
    }

    /// Takes how the counts of matched records have changed, by slot.
    pub(crate) fn take_matched(&mut self) -> Vec<(Slot, i64)> {
        let changed = self.matched.iter_mut().enumerate();
        let changed = changed.filter(|(_, count)| **count != 0);
        changed
            .map(|(slot, count)| (slot as Slot, std::mem::take(count)))
            .collect()
    }

    fn assess(&mut self, model: Option<&BoundScorecard>, tally: &Tally) -> Option<Assessment> {
        self.assessor.assess(&self.plan, model?, tally)
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
