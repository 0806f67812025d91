//! The observations of an epoch.
//!
//! Contract: facts that count for ever are summed by subject as they come;
//! those that expire lie in a pile a day, as the calendar will hold them, until
//! the epoch closes. What is held is at most about twice what it comes to.

use std::hint::black_box;

use hashbrown::HashMap;
use tocsin_ingest::fact::{NEVER, SubjectKey};

use crate::grain::{Dated, Grain};
use crate::pile::Pile;
use crate::tally::{Entry, Tally};

/// Below this many subjects, sums that have become zero are kept.
const TIDY_AT: usize = 1 << 16;
/// So many rows are looked up before they are added.
const AHEAD: usize = 64;

/// Tallies by subject.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sums {
    by_subject: HashMap<SubjectKey, Tally>,
    tidy_at: usize,
}

/// What one worker has of an epoch's observations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// What never expires.
    lasting: Sums,
    /// What does, by day.
    days: HashMap<i32, Pile>,
}

impl Sums {
    /// The subjects' tallies that are not zero.
    pub(crate) fn into_tallies(self) -> impl Iterator<Item = (SubjectKey, Tally)> {
        let tallies = self.by_subject.into_iter();
        tallies.filter(|(_, tally)| !tally.entries().is_empty())
    }

    /// Fetches what is there of these subjects, without changing anything. A
    /// million subjects lie anywhere in memory: looked up one behind the other
    /// their cache misses overlap, while each addition would wait for its own.
    fn fetch(&self, subjects: impl Iterator<Item = SubjectKey>) {
        let mut found: [&[Entry]; AHEAD] = [&[]; AHEAD];
        for (place, subject) in found.iter_mut().zip(subjects) {
            *place = self.by_subject.get(&subject).map_or(&[], Tally::entries);
        }
        // The entries of most subjects lie in two or three cache lines.
        for entries in found {
            black_box((
                entries.first().map(|entry| entry.n),
                entries.get(entries.len() / 2).map(|entry| entry.n),
                entries.last().map(|entry| entry.n),
            ));
        }
    }

    /// Adds grains of one subject.
    fn add<'a>(&mut self, subject: SubjectKey, grains: impl Iterator<Item = &'a Grain>) {
        let tally = self.by_subject.entry(subject).or_default();
        grains.for_each(|grain| tally.put(grain.entry()));
        if self.by_subject.len() >= self.tidy_at.max(TIDY_AT) {
            self.by_subject
                .retain(|_, tally| !tally.entries().is_empty());
            self.tidy_at = self.by_subject.len() * 2;
        }
    }

    fn add_pile(&mut self, pile: &Pile) {
        for chunk in pile.chunks() {
            for grains in chunk.chunk_by(|a, b| a.subject == b.subject) {
                self.add(grains[0].subject, grains.iter());
            }
        }
    }
}

impl Observed {
    /// Adds grains, but for those that expire by `today`: the epoch closes no
    /// earlier.
    pub(crate) fn add(&mut self, dated: &[Dated], today: i32) {
        for some in dated.chunks(AHEAD) {
            let lasting = some.iter().filter(|dated| dated.expiry == NEVER);
            self.lasting.fetch(lasting.map(|dated| dated.grain.subject));
            self.add_some(some, today);
        }
    }

    fn add_some(&mut self, dated: &[Dated], today: i32) {
        for together in dated.chunk_by(Dated::is_with) {
            let Dated { expiry, grain } = together[0];
            let grains = together.iter().map(|dated| &dated.grain);
            if expiry == NEVER {
                self.lasting.add(grain.subject, grains);
            } else if expiry > today {
                let pile = self.days.entry(expiry).or_default();
                grains.for_each(|grain| pile.push(*grain));
            }
        }
    }

    /// Whether nothing has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.lasting.by_subject.is_empty() && self.days.is_empty()
    }

    /// What counts from the close of the epoch on, and what of it stops when;
    /// it closes on the day `today`.
    pub(crate) fn close(self, today: i32) -> (Sums, HashMap<i32, Pile>) {
        let (mut counting, mut days) = (self.lasting, self.days);
        days.retain(|day, _| *day > today);
        days.values().for_each(|pile| counting.add_pile(pile));
        (counting, days)
    }
}

#[cfg(test)]
mod tests {
    use tocsin_ingest::fact::{Observation, SubjectKind};

    use super::*;
    use crate::keeping::Keeping;

    fn dated(number: u128, expiry: i32, times: i32) -> Dated {
        let observation = Observation {
            subject: SubjectKey::new(SubjectKind::EnterpriseCode, number),
            expiry,
            slot: 1,
            day: 0,
            value: 5,
        };
        Dated::new(&observation, observation.subject, times, Keeping::default())
    }

    #[test]
    fn only_what_counts_at_the_close_is_summed() {
        let mut observed = Observed::default();
        let rows = [(1, NEVER), (1, 7), (1, 8), (1, 9), (2, 8)];
        let rows: Vec<Dated> = rows.map(|(number, day)| dated(number, day, 1)).into();
        observed.add(&rows, 7);
        let (sums, days) = observed.close(8);
        let sums: Vec<_> = sums.into_tallies().collect();
        let subject = dated(1, 0, 1).grain.subject;
        assert_eq!(sums, vec![(subject, Tally::one(1, 2, 10))]);
        assert_eq!(days.into_keys().collect::<Vec<_>>(), vec![9]);
    }

    #[test]
    fn what_is_withdrawn_within_an_epoch_is_not_held() {
        let mut observed = Observed::default();
        for number in 0..4 * TIDY_AT as u128 {
            let rows = [(NEVER, 1), (NEVER, -1), (9, 1), (9, -1)];
            observed.add(&rows.map(|(day, times)| dated(number, day, times)), 0);
        }
        assert!(observed.lasting.by_subject.len() <= TIDY_AT);
        assert!(observed.days.values().map(Pile::len).sum::<usize>() <= 128);
        let (sums, days) = observed.close(0);
        assert_eq!(sums.into_tallies().count(), 0);
        assert!(days.into_values().all(|pile| pile.summed().is_empty()));
    }
}
