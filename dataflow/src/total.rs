//! A reduction by subject for totally ordered time that keeps no output.
//!
//! Contract: at every time the output collection is `logic` applied to each
//! subject's values at that time, sorted, with their counts. What a subject's
//! output was before a change is computed again from the arrangement, so state
//! is the input arrangement alone.

use differential_dataflow::consolidation::consolidate;
use differential_dataflow::difference::Abelian;
use differential_dataflow::trace::cursor::cursor_list;
use differential_dataflow::trace::implementations::containers::BatchContainer;
use differential_dataflow::trace::{Cursor, TraceReader};
use differential_dataflow::{Data, VecCollection};
use tocsin_ingest::fact::SubjectKey;

use crate::interval::by_interval;
use crate::types::{ArrangedHeld, HeldTrace, Time};

type Batch<C> = <HeldTrace<C> as TraceReader>::Batch;

/// A value in a column of some kind.
type Item<'a, C> = <C as BatchContainer>::ReadItem<'a>;

/// Reduces the values of each subject with `logic`, which pushes output rows.
pub(crate) fn reduce_total<'scope, C, D, R, L>(
    arranged: ArrangedHeld<'scope, C>,
    name: &str,
    mut logic: L,
) -> VecCollection<'scope, Time, D, R>
where
    C: BatchContainer,
    D: Data,
    R: Abelian + 'static,
    L: FnMut(SubjectKey, &[(Item<'_, C>, isize)], &mut Vec<(D, R)>) + 'static,
{
    by_interval(arranged, name, move |past, batches, emit| {
        reduce(past, batches, &mut logic, |time, row, diff| {
            emit(row, time, diff)
        });
    })
}

/// Reduces the subjects of `batches`, which follow `past`.
fn reduce<C, D, R, L>(
    past: Vec<Batch<C>>,
    batches: Vec<Batch<C>>,
    logic: &mut L,
    mut emit: impl FnMut(Time, D, R),
) where
    C: BatchContainer,
    D: Data,
    R: Abelian,
    L: FnMut(SubjectKey, &[(Item<'_, C>, isize)], &mut Vec<(D, R)>),
{
    let (mut olds, olds_store) = cursor_list(past);
    let (mut news, news_store) = cursor_list(batches);
    while let Some(subject) = news.get_key(&news_store) {
        let (mut values, mut changes) = (Vec::new(), Vec::new());
        olds.seek_key(&olds_store, subject);
        if olds.get_key(&olds_store) == Some(subject) {
            each(&mut olds, &olds_store, |value, _, n| {
                values.push((value, n))
            });
        }
        each(&mut news, &news_store, |value, time, n| {
            changes.push((time, value, n))
        });
        let of_subject = |values: &[_], out: &mut _| logic(*subject, values, out);
        differ(values, changes, of_subject, &mut emit);
        news.step_key(&news_store);
    }
}

/// Calls `action` with every value, time and count of the cursor's subject.
fn each<'a, V, C>(cursor: &mut C, store: &'a C::Storage, mut action: impl FnMut(V, Time, isize))
where
    V: Copy,
    C: Cursor<Val<'a> = V, Time = Time, Diff = isize>,
    for<'b> C: Cursor<TimeGat<'b> = &'b Time, DiffGat<'b> = &'b isize>,
{
    while let Some(value) = cursor.get_val(store) {
        cursor.map_times(store, |time, n| action(value, *time, *n));
        cursor.step_val(store);
    }
}

/// Walks through the times of `changes` and emits how the output differs.
fn differ<V: Copy + Ord, D: Data, R: Abelian>(
    mut values: Vec<(V, isize)>,
    mut changes: Vec<(Time, V, isize)>,
    mut logic: impl FnMut(&[(V, isize)], &mut Vec<(D, R)>),
    mut emit: impl FnMut(Time, D, R),
) {
    consolidate(&mut values);
    changes.sort_unstable_by_key(|(time, _, _)| *time);
    let mut before = Vec::new();
    logic(&values, &mut before);
    for at_once in changes.chunk_by(|a, b| a.0 == b.0) {
        values.extend(at_once.iter().map(|(_, value, n)| (*value, *n)));
        consolidate(&mut values);
        let mut after = Vec::new();
        logic(&values, &mut after);
        let mut difference = after.clone();
        difference.extend(before.into_iter().map(|(row, mut diff)| {
            diff.negate();
            (row, diff)
        }));
        consolidate(&mut difference);
        for (row, diff) in difference {
            emit(at_once[0].0, row, diff);
        }
        before = after;
    }
}
