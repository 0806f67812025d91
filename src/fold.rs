//! The witness: features by a plain batch fold over facts.
//!
//! It shares no code with the dataflow, on purpose: `tocsin verify` holds the
//! incremental state against it, and `tocsin explain` uses it to show which
//! records stand behind a number. Everything is a map and a loop.

use crate::config::{Aggregate, Feature, Settings};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tocsin_ingest::fact::{
    Facts, Link, NEVER, Observation, Profile, Slot, SubjectKey, VALUE_SCALE,
};

/// A count and a sum: what a slot accumulates for an enterprise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// How many facts.
    pub count: i64,
    /// The sum of their values, stored units.
    pub sum: i64,
}

/// The accumulators of one enterprise, by slot.
pub type Totals = BTreeMap<Slot, Total>;

/// One step of the way by which a value reached an enterprise: which record (an
/// index the caller chose) contributed what to which slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The record, as numbered by the caller of [`Fold::add`].
    pub record: usize,
    /// The accumulator.
    pub slot: Slot,
    /// The value that arrived, stored units, after shares.
    pub value: i64,
    /// The share in per cent at which it travelled; 100 where it came directly.
    pub share: i64,
}

/// Facts gathered for one business day.
#[derive(Debug)]
pub struct Fold<'a> {
    settings: &'a Settings,
    today: i32,
    keep_records: bool,
    totals: HashMap<SubjectKey, Totals>,
    records: HashMap<SubjectKey, Vec<(usize, Observation)>>,
    profiles: HashMap<SubjectKey, Vec<(usize, Profile)>>,
    aliases: BTreeMap<SubjectKey, BTreeMap<SubjectKey, u32>>,
    links: BTreeMap<SubjectKey, BTreeSet<(SubjectKey, u8)>>,
    outcomes: Vec<(SubjectKey, bool)>,
}

impl<'a> Fold<'a> {
    /// An empty fold; facts that expire on `today` or before do not count.
    /// With `keep_records` it remembers which record said what.
    pub fn new(settings: &'a Settings, today: i32, keep_records: bool) -> Self {
        Fold {
            settings,
            today,
            keep_records,
            totals: HashMap::new(),
            records: HashMap::new(),
            profiles: HashMap::new(),
            aliases: BTreeMap::new(),
            links: BTreeMap::new(),
            outcomes: Vec::new(),
        }
    }

    /// Adds what one live record says.
    pub fn add(&mut self, record: usize, facts: &Facts) {
        for observation in &facts.observations {
            if observation.expiry != NEVER && observation.expiry <= self.today {
                continue;
            }
            add_to(
                self.totals.entry(observation.subject).or_default(),
                observation.slot,
                1,
                observation.value,
            );
            if self.keep_records {
                self.records
                    .entry(observation.subject)
                    .or_default()
                    .push((record, *observation));
            }
        }
        for profile in &facts.profiles {
            self.profiles
                .entry(profile.subject)
                .or_default()
                .push((record, profile.clone()));
        }
        for alias in &facts.aliases {
            *self
                .aliases
                .entry(alias.alias)
                .or_default()
                .entry(alias.enterprise)
                .or_default() += 1;
        }
        for Link { from, to, kind } in &facts.links {
            self.links.entry(*from).or_default().insert((*to, *kind));
        }
        self.outcomes
            .extend(facts.outcomes.iter().map(|o| (o.subject, o.positive)));
    }

    /// The enterprise that a key means: itself, or the only one its alias means.
    pub fn resolve(&self, key: SubjectKey) -> Option<SubjectKey> {
        if key.kind().is_enterprise() {
            return Some(key);
        }
        let meant = self.aliases.get(&key)?;
        let only = meant.keys().next()?;
        (meant.len() == 1).then_some(*only)
    }

    /// Ends the fold.
    pub fn finish(self) -> Folded<'a> {
        let mut folded = Folded {
            settings: self.settings,
            enterprises: HashMap::new(),
            evidence: HashMap::new(),
            outcomes: HashMap::new(),
        };
        self.count_observations(&mut folded);
        self.count_profiles(&mut folded);
        self.count_groups(&mut folded);
        for (subject, positive) in &self.outcomes {
            if let Some(enterprise) = self.resolve(*subject) {
                *folded.outcomes.entry(enterprise).or_insert(false) |= positive;
            }
        }
        folded
    }

    fn count_observations(&self, folded: &mut Folded<'_>) {
        for (subject, totals) in &self.totals {
            for (enterprise, share) in self.reaches(*subject) {
                let target = folded.enterprises.entry(enterprise).or_default();
                for (slot, total) in totals {
                    add_to(target, *slot, total.count, shared(total.sum, share));
                }
                let records = self.records.get(subject).into_iter().flatten();
                folded
                    .evidence
                    .entry(enterprise)
                    .or_default()
                    .extend(records.map(|(record, observation)| Evidence {
                        record: *record,
                        slot: observation.slot,
                        value: shared(observation.value, share),
                        share,
                    }));
            }
        }
    }

    /// The enterprises that a subject's observations count for, with the share
    /// in per cent: 100 for an enterprise or alias; along at most two links, the
    /// best of all ways, for the others.
    fn reaches(&self, subject: SubjectKey) -> BTreeMap<SubjectKey, i64> {
        let mut best = BTreeMap::new();
        if subject.kind().is_enterprise() || subject.kind().is_alias() {
            best.extend(self.resolve(subject).map(|enterprise| (enterprise, 100)));
            return best;
        }
        for (next, kind) in self.links.get(&subject).into_iter().flatten() {
            let share = self.share(*kind);
            if next.kind().is_enterprise() || next.kind().is_alias() {
                offer(&mut best, self.resolve(*next), share);
                continue;
            }
            for (end, kind) in self.links.get(next).into_iter().flatten() {
                if end.kind().is_enterprise() || end.kind().is_alias() {
                    offer(
                        &mut best,
                        self.resolve(*end),
                        share * self.share(*kind) / 100,
                    );
                }
            }
        }
        best
    }

    fn share(&self, kind: u8) -> i64 {
        i64::from(self.settings.link_kinds[usize::from(kind)].share)
    }

    fn count_profiles(&self, folded: &mut Folded<'_>) {
        let mut latest: BTreeMap<(SubjectKey, u16), (usize, &Profile)> = BTreeMap::new();
        for (subject, profiles) in &self.profiles {
            let Some(enterprise) = self.resolve(*subject) else {
                continue;
            };
            for (record, profile) in profiles {
                let held = latest
                    .entry((enterprise, profile.source))
                    .or_insert((*record, profile));
                let rank = |p: &Profile| (p.day, p.record, p.values.clone());
                if rank(profile) > rank(held.1) {
                    *held = (*record, profile);
                }
            }
        }
        for ((enterprise, _), (record, profile)) in latest {
            for (slot, value) in &profile.values {
                add_to(
                    folded.enterprises.entry(enterprise).or_default(),
                    *slot,
                    1,
                    *value,
                );
                if self.keep_records {
                    let step = Evidence {
                        record,
                        slot: *slot,
                        value: *value,
                        share: 100,
                    };
                    folded.evidence.entry(enterprise).or_default().push(step);
                }
            }
        }
    }

    fn count_groups(&self, folded: &mut Folded<'_>) {
        for group in &self.settings.groups {
            for links in self.links.values() {
                let ends = links.iter().filter(|(_, kind)| *kind == group.link);
                let members: BTreeSet<SubjectKey> =
                    ends.filter_map(|(to, _)| self.resolve_end(*to)).collect();
                let size = members.len() as i64;
                if size < i64::from(group.min) || size > i64::from(group.hub) {
                    continue;
                }
                for member in members {
                    add_to(
                        folded.enterprises.entry(member).or_default(),
                        group.slot,
                        1,
                        size * VALUE_SCALE,
                    );
                }
            }
        }
    }

    fn resolve_end(&self, key: SubjectKey) -> Option<SubjectKey> {
        let names_one = key.kind().is_enterprise() || key.kind().is_alias();
        if names_one { self.resolve(key) } else { None }
    }
}

/// A way that carries nothing is none.
fn offer(best: &mut BTreeMap<SubjectKey, i64>, enterprise: Option<SubjectKey>, share: i64) {
    if let Some(enterprise) = enterprise.filter(|_| share > 0) {
        let held = best.entry(enterprise).or_insert(share);
        *held = share.max(*held);
    }
}

/// A sum after a share; sums that travel are multiples of 100 stored units.
fn shared(sum: i64, share: i64) -> i64 {
    if share == 100 { sum } else { sum / 100 * share }
}

fn add_to(totals: &mut Totals, slot: Slot, count: i64, sum: i64) {
    let total = totals.entry(slot).or_default();
    total.count += count;
    total.sum += sum;
}

/// The outcome of a fold.
#[derive(Debug)]
pub struct Folded<'a> {
    settings: &'a Settings,
    enterprises: HashMap<SubjectKey, Totals>,
    evidence: HashMap<SubjectKey, Vec<Evidence>>,
    /// Whether an enterprise's outcomes include a positive one.
    pub outcomes: HashMap<SubjectKey, bool>,
}

impl Folded<'_> {
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
            .and_then(|totals| totals.get(&slot))
            .copied()
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
        let totals: Vec<Total> = feature
            .slots
            .iter()
            .map(|slot| self.total(enterprise, *slot))
            .collect();
        let count: i64 = totals.iter().map(|total| total.count).sum();
        let sum: i64 = totals.iter().map(|total| total.sum).sum();
        match feature.aggregate {
            Aggregate::Count => Some(count * VALUE_SCALE),
            Aggregate::Present => Some(if count > 0 { VALUE_SCALE } else { 0 }),
            Aggregate::Sum => (count != 0).then_some(sum),
            Aggregate::Mean => (count != 0).then(|| sum.div_euclid(count)),
            Aggregate::Latest => totals
                .iter()
                .find(|total| total.count > 0)
                .map(|total| total.sum.div_euclid(total.count)),
        }
    }

    /// The records behind a slot of an enterprise, where they were kept, in the
    /// order in which they were added.
    pub fn evidence(&self, enterprise: SubjectKey, slots: &[Slot]) -> Vec<Evidence> {
        let all = self.evidence.get(&enterprise).into_iter().flatten();
        let wanted = all.filter(|step| slots.contains(&step.slot));
        let mut found: Vec<Evidence> = wanted.copied().collect();
        found.sort_by_key(|step| (step.record, step.slot));
        found
    }
}

#[cfg(test)]
mod tests;
