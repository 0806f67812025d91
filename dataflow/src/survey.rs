//! Questions to the state between epochs: every registered enterprise assessed
//! by rules that are in force or might be, without touching anything.
//!
//! Contract: what is seen is the state as of the end of one epoch, however many
//! follow meanwhile. A worker answers in slices, and only while no epoch waits
//! for it: an epoch is held up by one slice at most.

use std::sync::mpsc::{Receiver, Sender};

use differential_dataflow::trace::cursor::{CursorList, cursor_list};
use differential_dataflow::trace::{BatchCursor, Cursor, TraceReader};
use timely::progress::Antichain;
use tocsin_ingest::fact::SubjectKey;

use crate::assessment::{Assessment, Assessor};
use crate::error::EngineError;
use crate::rules::Rules;
use crate::tally::Tally;
use crate::types::{TallyBatch, TallyTrace};

/// Enterprises a slice: about a millisecond.
const SLICE: usize = 512;

/// Takes an enterprise, its assessments in the order of the rules asked about,
/// and the feature values by the first of them.
pub type Visit = Box<dyn FnMut(SubjectKey, &[Assessment], &[Option<i64>]) + Send>;

/// A question on its way to a worker.
pub(crate) struct Question {
    pub(crate) rules: Vec<Rules>,
    pub(crate) visit: Visit,
    pub(crate) done: Sender<()>,
}

/// A survey under way.
#[derive(Debug)]
pub struct Survey {
    done: Receiver<()>,
    workers: usize,
}

impl Survey {
    pub(crate) fn new(done: Receiver<()>, workers: usize) -> Survey {
        Survey { done, workers }
    }

    /// Waits until every enterprise has been visited.
    ///
    /// # Errors
    /// When a worker is gone.
    pub fn wait(self) -> Result<(), EngineError> {
        for _ in 0..self.workers {
            self.done.recv().map_err(|_| EngineError::WorkerLost)?;
        }
        Ok(())
    }
}

/// One worker's way through its enterprises.
pub(crate) struct Walk {
    question: Question,
    cursor: CursorList<BatchCursor<TallyTrace>>,
    /// Batches as they were at the beginning.
    batches: Vec<TallyBatch>,
    assessor: Assessor,
    /// The business day as of which it is asked.
    today: i32,
    assessments: Vec<Assessment>,
    row: Vec<Option<i64>>,
}

impl Walk {
    /// Begins with the enterprises as they are now.
    pub(crate) fn begin(trace: &mut TallyTrace, question: Question, today: i32) -> Walk {
        let all = Antichain::new();
        let batches = trace.batches_through(all.borrow()).unwrap_or_default();
        let (cursor, batches) = cursor_list(batches);
        Walk {
            question,
            cursor,
            batches,
            assessor: Assessor::default(),
            today,
            assessments: Vec::new(),
            row: Vec::new(),
        }
    }

    /// Visits some enterprises; `false`: there are no more.
    pub(crate) fn step(&mut self) -> bool {
        for _ in 0..SLICE {
            let Some(enterprise) = self.cursor.get_key(&self.batches).copied() else {
                return false;
            };
            let mut tally = Tally::default();
            self.cursor
                .map_times(&self.batches, |_, change| change.add_to(&mut tally));
            self.cursor.step_key(&self.batches);
            self.visit(enterprise, &tally);
        }
        true
    }

    fn visit(&mut self, enterprise: SubjectKey, tally: &Tally) {
        self.assessments.clear();
        for rules in &self.question.rules {
            // Whether it is registered is the same under all rules.
            let Some(assessment) = self.assessor.assess(rules, tally, self.today) else {
                return;
            };
            if self.assessments.is_empty() {
                self.row.clear();
                self.row.extend_from_slice(self.assessor.row());
            }
            self.assessments.push(assessment);
        }
        (self.question.visit)(enterprise, &self.assessments, &self.row);
    }

    /// Says that every enterprise has been visited.
    pub(crate) fn end(self) {
        let Question { visit, done, .. } = self.question;
        // What the visitor holds is complete before anybody is told.
        drop(visit);
        // Nobody waits when whoever asked has gone away.
        let _ = done.send(());
    }
}
