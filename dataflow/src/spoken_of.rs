//! Of which subjects anything is said at all.
//!
//! Contract: a subject is in the output, once, at exactly the times at which its
//! tally is not zero. State is the arrangement of tallies.

use differential_dataflow::VecCollection;
use differential_dataflow::difference::{IsZero, Semigroup};
use differential_dataflow::trace::Cursor;
use differential_dataflow::trace::cursor::cursor_list;
use tocsin_ingest::fact::SubjectKey;

use crate::interval::by_interval;
use crate::tally::Tally;
use crate::types::{ArrangedTallies, TallyBatch, Time};

/// The subjects whose tally is not zero.
pub(crate) fn spoken_of<'scope>(
    tallies: ArrangedTallies<'scope>,
) -> VecCollection<'scope, Time, SubjectKey, isize> {
    by_interval(tallies, "spoken of", |past, batches, emit| {
        changes(past, batches, |(subject, time, n)| emit(subject, time, n));
    })
}

/// Emits which subjects of `batches`, which follow `past`, come and go.
fn changes(
    past: Vec<TallyBatch>,
    batches: Vec<TallyBatch>,
    mut emit: impl FnMut((SubjectKey, Time, isize)),
) {
    let (mut olds, olds_store) = cursor_list(past);
    let (mut news, news_store) = cursor_list(batches);
    while let Some(subject) = news.get_key(&news_store).copied() {
        let mut tally = Tally::default();
        olds.seek_key(&olds_store, &subject);
        if olds.get_key(&olds_store) == Some(&subject) {
            olds.map_times(&olds_store, |_, change| change.add_to(&mut tally));
        }
        let mut changes: Vec<(Time, Tally)> = Vec::new();
        news.map_times(&news_store, |time, change| {
            changes.push((*time, change.tally()));
        });
        changes.sort_unstable_by_key(|(time, _)| *time);
        for at_once in changes.chunk_by(|a, b| a.0 == b.0) {
            let before = !tally.is_zero();
            at_once.iter().for_each(|(_, by)| tally.plus_equals(by));
            let after = !tally.is_zero();
            if before != after {
                emit((subject, at_once[0].0, if after { 1 } else { -1 }));
            }
        }
        news.step_key(&news_store);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{enterprise, outcome, tally};
    use crate::types::arrange;

    #[test]
    fn a_subject_is_there_while_its_tally_is_not_zero() {
        let rows = vec![(5, 1, 1), (7, 2, 1), (5, 3, -1), (7, 4, -1), (1, 6, 1)];
        let found = outcome(rows, 100, |rows| {
            let tallies = rows.explode(|value| Some((enterprise(1), tally(1, value))));
            spoken_of(arrange(tallies, "tallies"))
        });
        let there = |time, n| (enterprise(1), time, n);
        assert_eq!(found, vec![there(1, 1), there(4, -1), there(6, 1)]);
    }

    #[test]
    fn a_tally_that_counts_nothing_but_sums_to_something_is_said() {
        let rows = vec![((1, 5), 1, 1), ((-1, 0), 2, 1), ((0, 5), 3, -1)];
        let found = outcome(rows, 100, |rows| {
            let tallies = rows.explode(|(n, sum)| Some((enterprise(1), tally(n, sum))));
            spoken_of(arrange(tallies, "tallies"))
        });
        let there = |time, n| (enterprise(1), time, n);
        assert_eq!(found, vec![there(1, 1), there(3, -1)]);
    }
}
