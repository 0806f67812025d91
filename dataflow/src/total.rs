//! A reduction by subject for totally ordered time that keeps no output.
//!
//! Contract: at every time the output collection is `logic` applied to each
//! subject's values at that time, sorted, with their counts. What a subject's
//! output was before a change is computed again from the arrangement, so state
//! is the input arrangement alone.

use differential_dataflow::consolidation::consolidate;
use differential_dataflow::difference::Abelian;
use differential_dataflow::trace::cursor::cursor_list;
use differential_dataflow::trace::{Cursor, TraceReader};
use differential_dataflow::{Data, ExchangeData, VecCollection};
use tocsin_ingest::fact::SubjectKey;

use crate::interval::by_interval;
use crate::types::{ArrangedSaid, SaidTrace, Time};

type Batch<V> = <SaidTrace<V> as TraceReader>::Batch;

/// The values of one subject with their counts.
pub(crate) type Values<'a, V> = Vec<(&'a V, isize)>;

/// Reduces the values of each subject with `logic`, which pushes output rows.
pub(crate) fn reduce_total<'scope, V, D, R, L>(
    arranged: ArrangedSaid<'scope, V>,
    name: &str,
    mut logic: L,
) -> VecCollection<'scope, Time, D, R>
where
    V: ExchangeData,
    D: Data,
    R: Abelian + 'static,
    L: FnMut(SubjectKey, &[(&V, isize)], &mut Vec<(D, R)>) + 'static,
{
    by_interval(arranged, name, move |past, batches, emit| {
        reduce(past, batches, &mut logic, |time, row, diff| {
            emit(row, time, diff)
        });
    })
}

/// Reduces the subjects of `batches`, which follow `past`.
fn reduce<V, D, R, L>(
    past: Vec<Batch<V>>,
    batches: Vec<Batch<V>>,
    logic: &mut L,
    mut emit: impl FnMut(Time, D, R),
) where
    V: ExchangeData,
    D: Data,
    R: Abelian,
    L: FnMut(SubjectKey, &[(&V, isize)], &mut Vec<(D, R)>),
{
    let (mut olds, olds_store) = cursor_list(past);
    let (mut news, news_store) = cursor_list(batches);
    while let Some(subject) = news.get_key(&news_store) {
        let (mut values, mut changes) = (Values::new(), Vec::new());
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
fn each<'a, V, C>(cursor: &mut C, store: &'a C::Storage, mut action: impl FnMut(&'a V, Time, isize))
where
    V: 'a,
    C: Cursor<Val<'a> = &'a V, Time = Time, Diff = isize>,
    for<'b> C: Cursor<TimeGat<'b> = &'b Time, DiffGat<'b> = &'b isize>,
{
    while let Some(value) = cursor.get_val(store) {
        cursor.map_times(store, |time, n| action(value, *time, *n));
        cursor.step_val(store);
    }
}

/// Walks through the times of `changes` and emits how the output differs.
fn differ<'a, V: Ord, D: Data, R: Abelian>(
    mut values: Values<'a, V>,
    mut changes: Vec<(Time, &'a V, isize)>,
    mut logic: impl FnMut(&[(&'a V, isize)], &mut Vec<(D, R)>),
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
