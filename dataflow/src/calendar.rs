//! The facts that will stop counting, by the day on which they do.
//!
//! Contract: what was added for a day is given back once, summed by subject,
//! when the day is taken. Large piles are moved here, not copied.

use std::collections::BTreeMap;

use tocsin_ingest::fact::SubjectKey;

use crate::grain::Grain;
use crate::pile::Pile;
use crate::tally::Tally;

/// The pending facts of one worker.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    days: BTreeMap<i32, Pile>,
}

impl Calendar {
    /// Notes what stops counting on `day`.
    pub(crate) fn add(&mut self, day: i32, pile: Pile) {
        self.days.entry(day).or_default().absorb(pile);
    }

    /// The first day that has pending facts.
    pub(crate) fn first(&self) -> Option<i32> {
        self.days.keys().next().copied()
    }

    /// Removes a day and gives what stops counting on it, sorted by subject.
    pub(crate) fn take(&mut self, day: i32) -> impl Iterator<Item = (SubjectKey, Tally)> + use<> {
        let mut grains = self.days.remove(&day).map(Pile::summed);
        let mut grains = grains.take().unwrap_or_default().into_iter().peekable();
        std::iter::from_fn(move || {
            let first: Grain = grains.next()?;
            let mut tally = Tally::default();
            tally.put(first.entry());
            while let Some(grain) = grains.next_if(|grain| grain.subject == first.subject) {
                tally.put(grain.entry());
            }
            Some((first.subject, tally))
        })
    }

    /// Grains held.
    pub(crate) fn rows(&self) -> usize {
        self.days.values().map(Pile::len).sum()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let capacity: usize = self.days.values().map(Pile::capacity).sum();
        capacity * size_of::<Grain>()
    }
}

#[cfg(test)]
mod tests {
    use tocsin_ingest::fact::SubjectKind;

    use super::*;

    fn subject(number: u128) -> SubjectKey {
        SubjectKey::new(SubjectKind::EnterpriseCode, number)
    }

    fn pile(number: u128, n: i32, sum: i64) -> Pile {
        let mut pile = Pile::default();
        pile.push(Grain {
            subject: subject(number),
            sum,
            n,
            slot: 1,
            day: 0,
        });
        pile
    }

    #[test]
    fn a_day_gives_back_sums_by_subject_once() {
        let mut calendar = Calendar::default();
        calendar.add(9, pile(2, 1, 5));
        calendar.add(9, pile(1, 1, 7));
        calendar.add(9, pile(2, 1, 6));
        calendar.add(8, pile(1, 1, 1));
        assert_eq!(calendar.first(), Some(8));
        let expected = vec![
            (subject(1), Tally::one(1, 1, 7)),
            (subject(2), Tally::one(1, 2, 11)),
        ];
        assert_eq!(calendar.take(9).collect::<Vec<_>>(), expected);
        assert_eq!(calendar.take(9).count(), 0);
    }

    #[test]
    fn what_was_withdrawn_is_forgotten() {
        let mut calendar = Calendar::default();
        for round in 0..1_000 {
            calendar.add(9, pile(round % 10, 1, 5));
            calendar.add(9, pile(round % 10, -1, -5));
        }
        assert!(calendar.rows() <= 128);
        assert_eq!(calendar.take(9).count(), 0);
    }
}
