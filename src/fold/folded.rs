//! What a fold came to: totals and features of every enterprise, and the records
//! behind them.

use super::relations::{Relation, Shared};
use super::{Evidence, Part, Total, Totals, is_keyed, parts};
use crate::config::{Aggregate, Feature, Settings};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tocsin_dataflow::HalfLife;
use tocsin_ingest::fact::{Slot, SubjectKey, VALUE_SCALE};

/// The outcome of a fold.
#[derive(Debug)]
pub struct Folded<'a> {
    pub(super) settings: &'a Settings,
    pub(super) today: i32,
    pub(super) enterprises: HashMap<SubjectKey, Totals>,
    pub(super) evidence: HashMap<SubjectKey, Vec<Evidence>>,
    /// By enterprise, where records are kept.
    pub(super) relations: HashMap<SubjectKey, Vec<Relation>>,
    pub(super) groups: BTreeMap<SubjectKey, BTreeSet<SubjectKey>>,
    /// What associates enterprises, where records are kept.
    pub(super) shared: BTreeMap<Shared, BTreeSet<SubjectKey>>,
    /// Whether an enterprise's outcomes include a positive one.
    pub outcomes: HashMap<SubjectKey, bool>,
}

impl<'a> Folded<'a> {
    pub(super) fn empty(settings: &'a Settings, today: i32) -> Self {
        Folded {
            settings,
            today,
            enterprises: HashMap::new(),
            evidence: HashMap::new(),
            relations: HashMap::new(),
            groups: BTreeMap::new(),
            shared: BTreeMap::new(),
            outcomes: HashMap::new(),
        }
    }

    /// The enterprises that a registering source names, sorted.
    pub fn registered(&self) -> Vec<SubjectKey> {
        let mut keys: Vec<SubjectKey> = self
            .enterprises
            .keys()
            .filter(|key| self.is_registered(**key))
            .copied()
            .collect();
        keys.sort_unstable();
        keys
    }

    /// Whether a registering source names the enterprise.
    pub fn is_registered(&self, enterprise: SubjectKey) -> bool {
        let sources = self.settings.catalogue.sources();
        let mut registering = sources.iter().filter(|source| source.registers);
        registering.any(|source| {
            self.total(enterprise, self.settings.catalogue.range(source).mention)
                .count
                > 0
        })
    }

    /// What a slot accumulated for an enterprise.
    pub fn total(&self, enterprise: SubjectKey, slot: Slot) -> Total {
        let totals = self.enterprises.get(&enterprise);
        totals
            .and_then(|totals| totals.get(slot))
            .cloned()
            .unwrap_or_default()
    }

    /// The value of every feature, stored units; `None` is missing.
    pub fn features(&self, enterprise: SubjectKey) -> Vec<Option<i64>> {
        self.settings
            .features
            .iter()
            .map(|feature| self.feature(enterprise, feature))
            .collect()
    }

    fn feature(&self, enterprise: SubjectKey, feature: &Feature) -> Option<i64> {
        let mut parts = parts(feature).map(|part| self.part(enterprise, part));
        let value = parts.next()??;
        match parts.next() {
            None => Some(value),
            Some(None | Some(0)) => None,
            Some(Some(divisor)) => {
                let scaled = i128::from(value) * i128::from(VALUE_SCALE);
                Some(scaled.div_euclid(i128::from(divisor)) as i64)
            }
        }
    }

    fn part(&self, enterprise: SubjectKey, part: Part<'_>) -> Option<i64> {
        let (slots, aggregate, half_life) = part;
        let totals: Vec<Total> = slots.iter().map(|s| self.total(enterprise, *s)).collect();
        let count: i64 = totals.iter().map(|total| total.count).sum();
        let sum: i64 = totals.iter().map(|total| total.sum).sum();
        let facts = || totals.iter().flat_map(|total| &total.facts);
        // Values of facts, and of attributes, which have no day and no history.
        let values = || {
            let plain = totals.iter().filter(|t| t.facts.is_empty() && t.count > 0);
            let plain = plain.map(|total| total.sum.div_euclid(total.count));
            plain.chain(facts().map(|(_, value)| *value))
        };
        let weighed = |value: i64, day: u16| i128::from(value) * self.weight(half_life, day);
        match aggregate {
            Aggregate::Count => Some(self.count(slots, &totals, half_life)),
            Aggregate::Present => Some(if count > 0 { VALUE_SCALE } else { 0 }),
            Aggregate::Sum if half_life.is_none() => (count != 0).then_some(sum),
            Aggregate::Sum => (count != 0).then(|| {
                let all: i128 = facts().map(|(day, value)| weighed(*value, *day)).sum();
                all.div_euclid(1 << 32) as i64
            }),
            Aggregate::Mean => (count != 0).then(|| sum.div_euclid(count)),
            Aggregate::Latest => latest(&totals),
            Aggregate::Maximum => values().max(),
            Aggregate::Minimum => values().min(),
            Aggregate::Distinct => {
                let different: BTreeSet<i64> = values().collect();
                Some(different.len() as i64 * VALUE_SCALE)
            }
            Aggregate::DaysSince => {
                let last = facts().map(|(day, _)| *day).filter(|day| *day > 0).max()?;
                let days = (self.today - i32::from(last)).max(0);
                Some(i64::from(days) * VALUE_SCALE)
            }
        }
    }

    /// How many facts, or how many events where several may report one: of
    /// these the latest report weighs.
    fn count(&self, slots: &[Slot], totals: &[Total], half_life: Option<&HalfLife>) -> i64 {
        let mut events: BTreeMap<i64, u16> = BTreeMap::new();
        let mut weighed = 0;
        for (slot, total) in slots.iter().zip(totals) {
            if is_keyed(self.settings, *slot) {
                for (day, key) in &total.facts {
                    let latest = events.entry(*key).or_insert(*day);
                    *latest = (*latest).max(*day);
                }
            } else if half_life.is_none() {
                weighed += i128::from(total.count) << 32;
            } else {
                let weights = total
                    .facts
                    .iter()
                    .map(|(day, _)| self.weight(half_life, *day));
                weighed += weights.sum::<i128>();
            }
        }
        let events = events.values().map(|day| self.weight(half_life, *day));
        let all = weighed + events.sum::<i128>();
        (all * i128::from(VALUE_SCALE)).div_euclid(1 << 32) as i64
    }

    /// What a fact of a day weighs, in units of 2^-32; one without a day weighs
    /// whole.
    fn weight(&self, half_life: Option<&HalfLife>, day: u16) -> i128 {
        match half_life.filter(|_| day > 0) {
            Some(half_life) => i128::from(half_life.weight(self.today - i32::from(day))),
            None => 1 << 32,
        }
    }

    /// What of a feature's value a record brings: 1 where records are counted,
    /// less as it ages; nothing where a later report of the same event counts.
    pub fn parts_of(&self, feature: &Feature, steps: &[Evidence]) -> Vec<i64> {
        let counts = matches!(feature.aggregate, Aggregate::Count | Aggregate::Present);
        let half_life = feature.half_life.as_deref();
        let mut latest: HashMap<i64, (u16, usize)> = HashMap::new();
        for (place, step) in steps.iter().enumerate() {
            if is_keyed(self.settings, step.slot) {
                let held = latest.entry(step.value).or_insert((step.day, place));
                *held = (*held).max((step.day, place));
            }
        }
        let steps = steps.iter().enumerate();
        steps
            .map(|(place, step)| {
                let keyed = is_keyed(self.settings, step.slot);
                let again = keyed
                    && latest
                        .get(&step.value)
                        .is_some_and(|(_, last)| *last != place);
                let value = match (counts || keyed, again) {
                    (true, true) => 0,
                    (true, false) => VALUE_SCALE,
                    (false, _) => step.value,
                };
                (i128::from(value) * self.weight(half_life, step.day)).div_euclid(1 << 32) as i64
            })
            .collect()
    }

    /// The records behind a slot of an enterprise, where they were kept, in the
    /// order in which they were added.
    pub fn evidence(&self, enterprise: SubjectKey, slots: &[Slot]) -> Vec<Evidence> {
        let all = self.evidence.get(&enterprise).into_iter().flatten();
        let wanted = all.filter(|step| slots.contains(&step.slot));
        let mut found: Vec<Evidence> = wanted.cloned().collect();
        found.sort_by_key(|step| (step.record, step.slot));
        found
    }
}

/// The value of the latest day; of one day that of the slot that is listed first,
/// then the greatest.
fn latest(totals: &[Total]) -> Option<i64> {
    let mut best: Option<(u16, i64)> = None;
    for total in totals.iter().filter(|total| total.count > 0) {
        let mean = (0, total.sum.div_euclid(total.count));
        let last = total.facts.iter().max().copied().unwrap_or(mean);
        if best.is_none_or(|(day, _)| last.0 > day) {
            best = Some(last);
        }
    }
    best.map(|(_, value)| value)
}
