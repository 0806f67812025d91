//! The observations of an epoch.
//!
//! Contract: facts that count for ever are summed by subject as they come;
//! those that expire lie in a pile a day, as the calendar will hold them, until
//! the epoch closes. What has gathered of many subjects is packed as it is at
//! rest, in sorted runs, so what is held is not much more than what it comes to.

use std::collections::VecDeque;
use std::hint::black_box;

use differential_dataflow::trace::implementations::containers::BatchContainer;
use hashbrown::HashMap;
use tocsin_ingest::fact::{NEVER, SubjectKey};

use crate::grain::{Dated, Grain};
use crate::packed::PackedTallies;
use crate::pieces::Size;
use crate::pile::Pile;
use crate::tally::{Entry, Tally};

/// So many rows are looked up before they are added.
const AHEAD: usize = 64;
/// Bytes of a packed entry, roughly.
const ENTRY: usize = 6;
/// Subjects of a run that lie together, and are let go of together.
const TOGETHER: usize = 1 << 16;

/// Tallies by subject.
#[derive(Default)]
pub(crate) struct Sums {
    size: Size,
    loose: HashMap<SubjectKey, Tally>,
    /// Entries of the loose tallies.
    entries: usize,
    /// Each at least twice as large as the next.
    runs: Vec<Run>,
}

/// Tallies sorted by subject, packed.
#[derive(Default)]
struct Run {
    stretches: VecDeque<Stretch>,
}

/// Some that follow each other.
struct Stretch {
    subjects: Vec<SubjectKey>,
    tallies: PackedTallies,
}

/// What one worker has of an epoch's observations.
#[derive(Default)]
pub(crate) struct Observed {
    /// What never expires.
    lasting: Sums,
    /// What does, by day.
    days: HashMap<i32, Pile>,
}

impl Run {
    fn new(tallies: impl Iterator<Item = (SubjectKey, Tally)>) -> Run {
        let mut run = Run::default();
        for (subject, tally) in tallies {
            let stretch = match run.stretches.back_mut() {
                Some(stretch) if stretch.subjects.len() < TOGETHER => stretch,
                _ => run.begin(),
            };
            stretch.subjects.push(subject);
            stretch.tallies.push_own(&tally);
        }
        run
    }

    fn begin(&mut self) -> &mut Stretch {
        self.stretches.push_back_mut(Stretch {
            subjects: Vec::new(),
            tallies: PackedTallies::with_capacity(0),
        })
    }

    fn sorted(loose: HashMap<SubjectKey, Tally>) -> Run {
        let mut loose: Vec<_> = there(loose).collect();
        loose.sort_unstable_by_key(|(subject, _)| *subject);
        Run::new(loose.into_iter())
    }

    /// Bytes of its tallies.
    fn bytes(&self) -> usize {
        let stretches = self.stretches.iter();
        stretches.map(|stretch| stretch.tallies.bytes()).sum()
    }
}

/// The tallies of several runs, by subject. A stretch that has been read is let go.
struct Merged {
    /// Each with how many of its first stretch have been read.
    runs: Vec<(Run, usize)>,
}

impl Merged {
    fn new(runs: Vec<Run>) -> Merged {
        let runs = runs.into_iter().map(|run| (run, 0)).collect();
        Merged { runs }
    }
}

/// The subject that a run is at.
fn first((run, at): &(Run, usize)) -> Option<SubjectKey> {
    run.stretches.front()?.subjects.get(*at).copied()
}

/// Adds the tally that a run is at, and goes on to the next.
fn add_first((run, at): &mut (Run, usize), tally: &mut Tally) {
    let Some(stretch) = run.stretches.front() else {
        return;
    };
    stretch.tallies.index(*at).add_to(tally);
    *at += 1;
    if *at == stretch.subjects.len() {
        run.stretches.pop_front();
        *at = 0;
    }
}

impl Iterator for Merged {
    type Item = (SubjectKey, Tally);

    fn next(&mut self) -> Option<(SubjectKey, Tally)> {
        loop {
            let subject = self.runs.iter().filter_map(first).min()?;
            let mut tally = Tally::default();
            for run in &mut self.runs {
                if first(run) == Some(subject) {
                    add_first(run, &mut tally);
                }
            }
            if !tally.entries().is_empty() {
                return Some((subject, tally));
            }
        }
    }
}

/// The tallies that are not zero.
fn there(
    tallies: HashMap<SubjectKey, Tally>,
) -> impl Iterator<Item = (SubjectKey, Tally)> + 'static {
    let tallies = tallies.into_iter();
    tallies.filter(|(_, tally)| !tally.entries().is_empty())
}

impl Sums {
    /// The subjects' tallies that are not zero.
    pub(crate) fn into_tallies(mut self) -> Box<dyn Iterator<Item = (SubjectKey, Tally)>> {
        if self.runs.is_empty() {
            return Box::new(there(self.loose));
        }
        self.rest();
        Box::new(Merged::new(self.runs))
    }

    /// Packs what is loose, where anything is packed: nothing is to be added for
    /// a while.
    fn rest(&mut self) {
        if !self.runs.is_empty() && !self.loose.is_empty() {
            self.entries = 0;
            self.runs.push(Run::sorted(std::mem::take(&mut self.loose)));
        }
    }

    /// Subjects and entries, at most.
    pub(crate) fn weight(&self) -> usize {
        let packed = self.runs.iter().map(|run| run.bytes() / ENTRY);
        self.loose.len() + self.entries + packed.sum::<usize>()
    }

    /// Packs what is loose, and merges runs as long as one is not half of the one
    /// before.
    fn pack(&mut self) {
        self.entries = 0;
        self.runs.push(Run::sorted(std::mem::take(&mut self.loose)));
        while let [.., before, last] = &self.runs[..]
            && before.bytes() < 2 * last.bytes()
        {
            let two = self.runs.split_off(self.runs.len() - 2);
            self.runs.push(Run::new(Merged::new(two)));
        }
    }

    /// Fetches what is there of these subjects, without changing anything. A
    /// million subjects lie anywhere in memory: looked up one behind the other
    /// their cache misses overlap, while each addition would wait for its own.
    fn fetch(&self, subjects: impl Iterator<Item = SubjectKey>) {
        let mut found: [&[Entry]; AHEAD] = [&[]; AHEAD];
        for (place, subject) in found.iter_mut().zip(subjects) {
            *place = self.loose.get(&subject).map_or(&[], Tally::entries);
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
        let tally = self.loose.entry(subject).or_default();
        let before = tally.entries().len();
        grains.for_each(|grain| tally.put(grain.entry()));
        self.entries = self.entries + tally.entries().len() - before;
        if self.loose.len() + self.entries >= self.size.loose().max(AHEAD) {
            self.pack();
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
    /// Nothing yet, of what is to enter by pieces of this size.
    pub(crate) fn new(size: Size) -> Self {
        let mut observed = Observed::default();
        observed.resize(size);
        observed
    }

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

    /// Sets how large pieces are.
    pub(crate) fn resize(&mut self, size: Size) {
        self.lasting.size = size;
    }

    /// Takes as little room as it can: nothing more is to come.
    pub(crate) fn rest(&mut self) {
        self.lasting.rest();
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
    use proptest::prelude::*;
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
        let mut observed = Observed::new(Size(1 << 12));
        let loose = observed.lasting.size.loose();
        for number in 0..loose as u128 * 4 + 10 {
            let rows = [(NEVER, 1), (NEVER, -1), (9, 1), (9, -1)];
            observed.add(&rows.map(|(day, times)| dated(number, day, times)), 0);
        }
        assert!(observed.lasting.loose.len() <= 10);
        assert!(
            observed
                .lasting
                .runs
                .iter()
                .all(|run| run.stretches.is_empty())
        );
        assert!(observed.days.values().map(Pile::len).sum::<usize>() <= 128);
        let (sums, days) = observed.close(0);
        assert_eq!(sums.into_tallies().count(), 0);
        assert!(days.into_values().all(|pile| pile.summed().is_empty()));
    }

    proptest! {
        #[test]
        fn packing_in_between_changes_no_sum(
            rounds in proptest::collection::vec(
                proptest::collection::vec((0u128..9, -2i32..3), 0..9), 1..9),
        ) {
            let (mut whole, mut parts) = (Sums::default(), Sums::default());
            for round in rounds {
                for (number, times) in round {
                    let grain = dated(number, NEVER, times).grain;
                    whole.add(grain.subject, std::iter::once(&grain));
                    parts.add(grain.subject, std::iter::once(&grain));
                }
                parts.pack();
                let bytes = parts.runs.iter().map(Run::bytes);
                let bytes: Vec<usize> = bytes.collect();
                prop_assert!(bytes.windows(2).all(|two| two[0] >= 2 * two[1]));
            }
            let mut expected: Vec<_> = whole.into_tallies().collect();
            expected.sort_unstable_by_key(|(subject, _)| *subject);
            prop_assert_eq!(parts.into_tallies().collect::<Vec<_>>(), expected);
        }
    }
}
