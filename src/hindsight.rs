//! Examples without hindsight: what was known before an outcome, not after.
//!
//! Much of what is known of a fund-raiser follows from its being found out: a
//! case, a penalty, a list of those who fled. A model that is shown this learns
//! to tell what everybody knows. So each example is an enterprise as it was known
//! at the beginning of the month in which its outcome arrived: by the records
//! that had arrived by then and had not been corrected or withdrawn.

use crate::config::Settings;
use crate::fold::Fold;
use crate::pipeline::index_row;
use crate::pipeline::records::Records;
use crate::time::{day_of, midnight_ms};
use crate::train::Known;
use crate::view::View;
use anyhow::Result;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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

/// An enterprise at an instant, and how its check ended afterwards.
pub struct Example {
    /// Which enterprise.
    pub enterprise: SubjectKey,
    /// Whether the outcome was positive.
    pub positive: bool,
    /// When it arrived, the positive one if there are several; milliseconds UTC.
    pub arrived_ms: i64,
    /// The features, stored units.
    pub row: Vec<Option<i64>>,
}

/// All that was ever said which bears on the enterprises with an outcome.
pub struct Chronicle {
    settings: Arc<Settings>,
    /// What features are made of.
    said: Vec<Stretch>,
    /// The outcomes, also those that were withdrawn.
    outcomes: Vec<Stretch>,
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
            months: OnceCell::new(),
        })
    }

    /// Gives the examples that were known at `known_ms`, one after another: one for each month in which
    /// outcomes of an enterprise had arrived, as far as they stood then; none after
    /// its first positive one.
    ///
    /// # Errors
    /// When an outcome arrived in a month that the calendar does not have.
    pub fn each_example(&self, known_ms: i64, mut each: impl FnMut(Example)) -> Result<()> {
        let mut found = HashSet::new();
        for month in self.months()? {
            if month.first_ms >= known_ms {
                break;
            }
            for example in month.examples(known_ms, known_ms) {
                if !found.contains(&example.enterprise) {
                    found.extend(example.positive.then_some(example.enterprise));
                    each(example);
                }
            }
        }
        Ok(())
    }

    /// When the outcomes arrived, milliseconds UTC, in no order.
    pub fn arrivals(&self) -> impl Iterator<Item = i64> {
        self.outcomes.iter().map(|stretch| stretch.from_ms)
    }

    /// The months in which outcomes arrived. What was known at their beginnings does
    /// not change with who asks: each is folded once.
    fn months(&self) -> Result<&[Window]> {
        if let Some(months) = self.months.get() {
            return Ok(months);
        }
        let month = |stretch: &Stretch| -> Result<(i64, i64)> {
            let day = jiff::civil::date(1970, 1, 1)
                .checked_add(jiff::Span::new().days(day_of(stretch.from_ms)))?;
            let next = day.last_of_month().tomorrow()?;
            Ok((first_ms(day.first_of_month())?, first_ms(next)?))
        };
        let months: BTreeSet<(i64, i64)> =
            self.outcomes.iter().map(month).collect::<Result<_>>()?;
        let folded = months
            .into_iter()
            .map(|(first, next)| self.window(first, next));
        Ok(self.months.get_or_init(|| folded.collect()))
    }

    /// The enterprises whose outcomes arrived from an instant to before another,
    /// as they are known today and as the enterprises were known at the first.
    pub fn checked(&self, first_ms: i64, next_ms: i64) -> Vec<Example> {
        let window = self.window(first_ms, next_ms);
        window.examples(next_ms, TODAY).collect()
    }

    fn window(&self, first_ms: i64, next_ms: i64) -> Window {
        let mut fold = Fold::new(&self.settings, day_of(first_ms), false);
        for stretch in self.said.iter().filter(|said| said.counts_at(first_ms)) {
            fold.add(0, &stretch.facts);
        }
        let mut ends = Vec::new();
        let arrived = |stretch: &&Stretch| (first_ms..next_ms).contains(&stretch.from_ms);
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
        let folded = fold.finish();
        ends.retain(|end| folded.is_registered(end.enterprise));
        let enterprises: BTreeSet<SubjectKey> = ends.iter().map(|end| end.enterprise).collect();
        let mut rows = Rows::new(self.settings.features.len());
        let places = enterprises.into_iter().enumerate();
        let place = |(place, key)| {
            rows.push(&folded.features(key));
            (key, place)
        };
        Window {
            first_ms,
            places: places.map(place).collect(),
            rows,
            ends,
        }
    }
}

/// How a check ended, and from when to when that was known.
struct End {
    enterprise: SubjectKey,
    positive: bool,
    from_ms: i64,
    to_ms: i64,
}

/// The outcomes that arrived in a stretch of time, and their enterprises as they
/// were known at its beginning.
struct Window {
    first_ms: i64,
    ends: Vec<End>,
    places: BTreeMap<SubjectKey, usize>,
    rows: Rows,
}

impl Window {
    /// One an enterprise, by the outcomes that had arrived before `until_ms` and
    /// stood at `known_ms`.
    fn examples(&self, until_ms: i64, known_ms: i64) -> impl Iterator<Item = Example> {
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
        let example =
            move |(enterprise, (negative, arrived_ms)): (SubjectKey, (bool, i64))| Example {
                enterprise,
                positive: !negative,
                arrived_ms,
                row: match self.places.get(&enterprise) {
                    Some(place) => self.rows.row(*place),
                    None => Vec::new(),
                },
            };
        ends.into_iter().map(example)
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
