//! Examples without hindsight: what was known before an outcome, not after.
//!
//! Much of what is known of a fund-raiser follows from its being found out: a
//! case, a penalty, a list of those who fled. A model that is shown this learns
//! to tell what everybody knows. So each example is an enterprise as it was known
//! at the beginning of the month in which its outcome arrived: by the records
//! that had arrived by then and had not been corrected or withdrawn.
//!
//! What is learnt from the eve of a check alone is how to see a check coming.
//! With `[training] months_before` an enterprise is also looked at some months
//! earlier, as it was known then; never before an outcome that it had earlier,
//! since what was so then belongs to that one.
//!
//! Contract: no look sees a record that arrived at its instant or later, and none
//! lies behind the beginning of the month of its outcome.

use crate::checked::{VALUES_AT_ONCE, parts_of, values_of};
use crate::config::Settings;
use crate::fold::{Fold, Folded};
use crate::pipeline::index_row;
use crate::pipeline::records::Records;
use crate::time::{day_of, midnight_ms};
use crate::train::Known;
use crate::view::View;
use anyhow::Result;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use tocsin_ingest::fact::{Facts, Profile, SubjectKey};
use tocsin_ingest::index::RowRef;
use tocsin_ingest::source::Source;
use tocsin_models::Rows;

/// What one record says, and from when to when it counted.
struct Stretch {
    from_ms: i64,
    to_ms: i64,
    facts: Facts,
}

impl Stretch {
    fn counts_at(&self, ms: i64) -> bool {
        self.from_ms < ms && ms <= self.to_ms
    }
}

/// An enterprise before its check, and how that ended.
pub struct Example {
    /// Which enterprise.
    pub enterprise: SubjectKey,
    /// Whether the outcome was positive.
    pub positive: bool,
    /// When it arrived, the positive one if there are several; milliseconds UTC.
    pub arrived_ms: i64,
    /// The features at each instant that is asked for, stored units, the latest
    /// first; none for an instant at which it was not registered.
    pub rows: Vec<Vec<Option<i64>>>,
}

/// All that was ever said which bears on the enterprises with an outcome.
pub struct Chronicle {
    settings: Arc<Settings>,
    /// What features are made of.
    said: Vec<Stretch>,
    /// The outcomes, also those that were withdrawn.
    outcomes: Vec<Stretch>,
    /// Values that are folded at once.
    at_once: u64,
    months: OnceCell<Vec<Window>>,
}

/// An instant after everything that is known.
pub const TODAY: i64 = i64::MAX;

/// The examples that the landing holds: one for each month in which outcomes of
/// an enterprise arrived, none after its first positive one. Enterprises that
/// were not registered then are none.
///
/// # Errors
/// When the landing or the store cannot be read.
pub fn examples(view: &View, runtime: &tokio::runtime::Handle) -> Result<Known> {
    let chronicle = Chronicle::read(view, runtime)?;
    let mut known = Known::of(&chronicle.settings);
    chronicle.each_example(TODAY, |example| known.push(&example))?;
    Ok(known)
}

impl Chronicle {
    /// Reads the landing.
    ///
    /// # Errors
    /// When the landing or the store cannot be read.
    pub fn read(view: &View, runtime: &tokio::runtime::Handle) -> Result<Self> {
        let records = &view.records();
        let mut superseded = HashMap::new();
        view.store.each_superseded(|gone| {
            superseded.insert(index_row(gone.at), gone.epoch);
        })?;
        let times = runtime.block_on(view.store.epoch_times())?;
        let ended = |at: RowRef| match superseded.get(&at) {
            Some(epoch) => times.get(epoch).copied().unwrap_or(i64::MIN),
            None => i64::MAX,
        };
        let with_outcomes = |source: &Source| source.outcome.is_some();
        let outcomes = gather(records, with_outcomes, ended, |facts| {
            *facts = Facts {
                outcomes: std::mem::take(&mut facts.outcomes),
                ..Facts::default()
            };
        })?;
        let wanted = wanted(&outcomes);
        let said = gather(
            records,
            |_| true,
            ended,
            |facts| {
                facts.outcomes.clear();
                let bears = |subject| wanted.as_ref().is_none_or(|w| w.bears(subject));
                let graph = records.settings.association.as_ref();
                let watched = |slot| graph.is_some_and(|graph| graph.looks_at(slot));
                let observed = &mut facts.observations;
                observed.retain(|said| bears(said.subject) || watched(said.slot));
                let near = |said: &Profile| said.values.iter().any(|(slot, _)| watched(*slot));
                facts
                    .profiles
                    .retain(|said| bears(said.subject) || near(said));
            },
        )?;
        Ok(Chronicle {
            settings: Arc::clone(&records.settings),
            said,
            outcomes,
            at_once: VALUES_AT_ONCE,
            months: OnceCell::new(),
        })
    }

    /// Gives the examples that were known at `known_ms`, one after another: one for
    /// each month in which outcomes of an enterprise had arrived, as far as they
    /// stood then; none after its first positive one.
    ///
    /// # Errors
    /// When an outcome arrived in a month that the calendar does not have.
    pub fn each_example(&self, known_ms: i64, mut each: impl FnMut(Example)) -> Result<()> {
        // By enterprise: since when nothing is known of it that an earlier outcome
        // would not have to do with; never again after a positive one.
        let mut fresh_ms: HashMap<SubjectKey, i64> = HashMap::new();
        for month in self.months()? {
            if month.first_ms >= known_ms {
                break;
            }
            for (enterprise, ended) in month.ended(known_ms, known_ms) {
                let fresh = fresh_ms.entry(enterprise).or_insert(i64::MIN);
                if *fresh <= month.first_ms {
                    each(month.example(enterprise, ended, *fresh));
                }
                let next = if ended.positive { TODAY } else { month.next_ms };
                *fresh = next.max(*fresh);
            }
        }
        Ok(())
    }

    /// When the outcomes arrived, milliseconds UTC, in no order.
    pub fn arrivals(&self) -> impl Iterator<Item = i64> {
        self.outcomes.iter().map(|stretch| stretch.from_ms)
    }

    /// The months in which outcomes arrived. What was known at their beginnings, and
    /// so many months earlier, does not change with who asks: each is folded once.
    fn months(&self) -> Result<&[Window]> {
        if let Some(months) = self.months.get() {
            return Ok(months);
        }
        let days = self.arrivals().map(|ms| {
            let day = jiff::Span::new().days(day_of(ms));
            Ok(jiff::civil::date(1970, 1, 1)
                .checked_add(day)?
                .first_of_month())
        });
        let days: BTreeSet<jiff::civil::Date> = days.collect::<Result<_>>()?;
        let mut windows = Vec::with_capacity(days.len());
        for day in days {
            windows.push(self.month(day)?);
        }
        self.look(&mut windows);
        Ok(self.months.get_or_init(|| windows))
    }

    /// A month that nobody has looked at yet.
    fn month(&self, first: jiff::civil::Date) -> Result<Window> {
        let months = self.settings.training.months_before.iter();
        let before = |months: &u8| {
            let span = jiff::Span::new().months(*months);
            first_ms(first.checked_sub(span)?)
        };
        Ok(Window {
            first_ms: first_ms(first)?,
            next_ms: first_ms(first.last_of_month().tomorrow()?)?,
            instants: months.map(before).collect::<Result<_>>()?,
            ..Window::default()
        })
    }

    /// The enterprises whose outcomes arrived from an instant to before another,
    /// as they are known today and as the enterprises were known at the first.
    pub fn checked(&self, first_ms: i64, next_ms: i64) -> Vec<Example> {
        let mut windows = [Window {
            first_ms,
            next_ms,
            instants: vec![first_ms],
            ..Window::default()
        }];
        self.look(&mut windows);
        let [window] = &windows;
        let ended = window.ended(next_ms, TODAY).into_iter();
        ended
            .map(|(enterprise, ended)| window.example(enterprise, ended, i64::MIN))
            .collect()
    }

    /// Looks at the enterprises of every window at its instants. Each instant is
    /// folded once, the latest first: whom a window asks for is known at its
    /// beginning, and no instant of it lies behind that.
    fn look(&self, windows: &mut [Window]) {
        let asked = windows
            .iter()
            .flat_map(|of| of.instants.iter().chain([&of.first_ms]));
        let instants: BTreeSet<i64> = asked.copied().collect();
        for instant in instants.into_iter().rev() {
            let mut fold = Fold::new(&self.settings, day_of(instant), false);
            let mut values = 0;
            for facts in self.said_at(instant) {
                fold.relate(0, facts);
                values += values_of(facts);
            }
            let begins = |of: &&mut Window| of.first_ms == instant;
            for window in windows.iter_mut().filter(begins) {
                window.ends = self.ends(&fold, window.first_ms..window.next_ms);
            }
            for window in windows.iter_mut() {
                window.open(instant, self.settings.features.len());
            }
            let parts = parts_of(values, self.at_once);
            for part in 0..parts {
                if parts > 1 {
                    fold.only(part, parts);
                }
                self.said_at(instant)
                    .for_each(|facts| fold.observe(0, facts));
                let folded = fold.end_part();
                for window in windows.iter_mut() {
                    window.look(instant, &folded, |of| fold.has(of));
                }
            }
        }
    }

    /// What counted at an instant.
    fn said_at(&self, instant: i64) -> impl Iterator<Item = &Facts> {
        let said = self.said.iter().filter(move |said| said.counts_at(instant));
        said.map(|said| &said.facts)
    }

    /// The outcomes that arrived in a stretch of time, of those they then meant.
    fn ends(&self, fold: &Fold<'_>, arrived: Range<i64>) -> Vec<End> {
        let mut ends = Vec::new();
        let arrived = |stretch: &&Stretch| arrived.contains(&stretch.from_ms);
        for stretch in self.outcomes.iter().filter(arrived) {
            for outcome in &stretch.facts.outcomes {
                ends.extend(fold.resolve(outcome.subject, outcome.named).map(|of| End {
                    enterprise: of,
                    positive: outcome.positive,
                    from_ms: stretch.from_ms,
                    to_ms: stretch.to_ms,
                }));
            }
        }
        ends
    }
}

/// How a check ended, and from when to when that was known.
struct End {
    enterprise: SubjectKey,
    positive: bool,
    from_ms: i64,
    to_ms: i64,
}

/// How the check of an enterprise ended, by what stood at an instant.
#[derive(Clone, Copy)]
struct Ended {
    positive: bool,
    arrived_ms: i64,
}

/// The outcomes that arrived in a stretch of time, and their enterprises as they
/// were known at some instants, the latest first, none behind its beginning.
#[derive(Default)]
struct Window {
    first_ms: i64,
    next_ms: i64,
    ends: Vec<End>,
    instants: Vec<i64>,
    /// One an instant.
    looks: Vec<Look>,
}

impl Window {
    /// Makes room for what its enterprises were at an instant, if it asks for that.
    fn open(&mut self, instant: i64, features: usize) {
        if self.instants.contains(&instant) {
            self.looks.push(Look::new(features));
        }
    }

    /// Looks at those of its enterprises that a part of the fold `has`.
    fn look(&mut self, instant: i64, folded: &Folded<'_>, has: impl Fn(SubjectKey) -> bool) {
        if self.first_ms == instant {
            let known = |of| !has(of) || folded.is_registered(of);
            self.ends.retain(|end| known(end.enterprise));
        }
        if self.instants.contains(&instant)
            && let Some(look) = self.looks.last_mut()
        {
            let ended = self.ends.iter().map(|end| end.enterprise);
            look.add(folded, ended.filter(|of| has(*of)));
        }
    }

    /// One an enterprise, by the outcomes that had arrived before `until_ms` and
    /// stood at `known_ms`; the positive one if there are several.
    fn ended(&self, until_ms: i64, known_ms: i64) -> BTreeMap<SubjectKey, Ended> {
        // By enterprise: whether negative, and when; so the positive come first.
        let mut ends: BTreeMap<SubjectKey, (bool, i64)> = BTreeMap::new();
        for end in &self.ends {
            let stood = end.from_ms < known_ms && known_ms <= end.to_ms;
            if stood && end.from_ms < until_ms {
                let found = (!end.positive, end.from_ms);
                let known = ends.entry(end.enterprise).or_insert(found);
                *known = found.min(*known);
            }
        }
        let ended = |(negative, arrived_ms): (bool, i64)| Ended {
            positive: !negative,
            arrived_ms,
        };
        ends.into_iter()
            .map(|(key, found)| (key, ended(found)))
            .collect()
    }

    /// An enterprise of the window as it was known at those instants that do not
    /// lie before `fresh_ms`.
    fn example(&self, enterprise: SubjectKey, ended: Ended, fresh_ms: i64) -> Example {
        let looks = self.instants.iter().zip(&self.looks);
        let looks = looks.filter(|(instant, _)| **instant >= fresh_ms);
        Example {
            enterprise,
            positive: ended.positive,
            arrived_ms: ended.arrived_ms,
            rows: looks.filter_map(|(_, look)| look.row(enterprise)).collect(),
        }
    }
}

/// Some enterprises as they were known at an instant; not those that were not
/// registered.
struct Look {
    places: HashMap<SubjectKey, usize>,
    rows: Rows,
}

impl Look {
    fn new(features: usize) -> Look {
        Look {
            places: HashMap::new(),
            rows: Rows::new(features),
        }
    }

    /// Adds those that are registered.
    fn add(&mut self, folded: &Folded<'_>, enterprises: impl Iterator<Item = SubjectKey>) {
        let registered = enterprises.filter(|key| folded.is_registered(*key));
        let registered: BTreeSet<SubjectKey> = registered.collect();
        for enterprise in registered {
            self.places.insert(enterprise, self.rows.len());
            self.rows.push(&folded.features(enterprise));
        }
    }

    fn row(&self, enterprise: SubjectKey) -> Option<Vec<Option<i64>>> {
        let place = self.places.get(&enterprise)?;
        Some(self.rows.row(*place))
    }
}

/// Gathers what the records of the sources that are `asked` say, as far as
/// `keep` leaves anything of it.
fn gather(
    records: &Records,
    asked: impl Fn(&Source) -> bool,
    ended: impl Fn(RowRef) -> i64,
    keep: impl Fn(&mut Facts),
) -> Result<Vec<Stretch>> {
    let mut gathered = Vec::new();
    for segment in records.segments() {
        let source = records.settings.catalogue.source(&segment.source);
        if !source.is_some_and(&asked) {
            continue;
        }
        records.scan(
            &segment,
            |_| true,
            |record| {
                if record.said.withdraws[record.index] {
                    return;
                }
                let mut facts = Facts::default();
                record.said.facts(record.index, &mut facts);
                keep(&mut facts);
                if !facts.is_empty() {
                    gathered.push(Stretch {
                        from_ms: record.arrival_ms(),
                        to_ms: ended(record.at),
                        facts,
                    });
                }
            },
        )?;
    }
    Ok(gathered)
}

/// The enterprises with an outcome.
struct Wanted(HashSet<SubjectKey>);

impl Wanted {
    /// Whether what is said of a subject may bear on one of them.
    fn bears(&self, subject: SubjectKey) -> bool {
        !subject.kind().is_enterprise() || self.0.contains(&subject)
    }
}

/// The enterprises that the outcomes name; `None`: some name them by an alias,
/// and it might be anybody.
fn wanted(outcomes: &[Stretch]) -> Option<Wanted> {
    let named = outcomes.iter().flat_map(|stretch| &stretch.facts.outcomes);
    let named: HashSet<SubjectKey> = named.map(|outcome| outcome.subject).collect();
    let all_known = named.iter().all(|subject| subject.kind().is_enterprise());
    all_known.then_some(Wanted(named))
}

fn first_ms(day: jiff::civil::Date) -> Result<i64> {
    let since = day.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1)))?;
    Ok(midnight_ms(since.get_days()))
}

#[cfg(test)]
impl Chronicle {
    /// The same, folded so many values at once.
    pub fn at_once(self, at_once: u64) -> Chronicle {
        Chronicle { at_once, ..self }
    }
}
