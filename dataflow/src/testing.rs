//! Runs an operator on (data, time, difference) triples.

use std::cell::RefCell;
use std::rc::Rc;

use differential_dataflow::consolidation::consolidate_updates;
use differential_dataflow::difference::Semigroup;
use differential_dataflow::input::Input;
use differential_dataflow::{Data, VecCollection};
use tocsin_ingest::fact::{SubjectKey, SubjectKind};

use crate::tally::Tally;
use crate::types::Time;

/// What an operator makes of `rows`, given one time after another, until `until`.
pub(crate) fn outcome<A, B, R, F>(
    mut rows: Vec<(A, Time, isize)>,
    until: Time,
    build: F,
) -> Vec<(B, Time, R)>
where
    A: Data + Send + Sync,
    B: Data + Send,
    R: Semigroup + Send + 'static,
    F: for<'s> FnOnce(VecCollection<'s, Time, A, isize>) -> VecCollection<'s, Time, B, R>,
    F: Send + Sync + 'static,
{
    rows.sort_by_key(|(_, time, _)| *time);
    timely::execute_directly(move |worker| {
        let found = Rc::new(RefCell::new(Vec::new()));
        let into = found.clone();
        let (mut input, probe) = worker.dataflow::<Time, _, _>(|scope| {
            let (input, rows) = scope.new_collection();
            let built = build(rows).inspect(move |row| into.borrow_mut().push(row.clone()));
            (input, built.probe().0)
        });
        for (row, time, times) in rows {
            input.advance_to(time);
            input.flush();
            worker.step_while(|| probe.less_than(&time));
            input.update(row, times);
        }
        input.advance_to(until);
        input.flush();
        worker.step_while(|| probe.less_than(&until));
        let mut found = found.borrow().clone();
        consolidate_updates(&mut found);
        found.sort_by_key(|(_, time, _)| *time);
        found
    })
}

/// An enterprise.
pub(crate) fn enterprise(number: u128) -> SubjectKey {
    SubjectKey::new(SubjectKind::EnterpriseCode, number)
}

/// A subject of another kind.
pub(crate) fn subject(kind: SubjectKind, number: u128) -> SubjectKey {
    SubjectKey::new(kind, number)
}

/// `n` facts of slot 2 that sum to `sum`.
pub(crate) fn tally(n: i32, sum: i64) -> Tally {
    Tally::one(2, n, sum)
}
