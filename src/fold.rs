//! The witness: features by a plain batch fold over facts.
//!
//! It shares no code with the dataflow, on purpose: `tocsin verify` holds the
//! incremental state against it, and `tocsin explain` uses it to show which
//! records stand behind a number. Everything is a map and a loop.

mod folded;
mod part;
mod relations;
mod totals;

use crate::config::{Aggregate, Feature, Settings};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tocsin_dataflow::HalfLife;
use tocsin_ingest::fact::{
    Alias, Facts, Link, NEVER, Observation, Profile, Slot, Standing, SubjectKey, Term, VALUE_SCALE,
};

pub use folded::Folded;
use part::Chosen;
pub use relations::Relation;
pub use totals::{Total, Totals};

/// One step of the way by which a value reached an enterprise: which record (an
/// index the caller chose) contributed what to which slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The record, as numbered by the caller of [`Fold::add`].
    pub record: usize,
    /// The accumulator.
    pub slot: Slot,
    /// The value that arrived, stored units, after shares; or the event's key.
    pub value: i64,
    /// The day of which the record speaks; 0 where none is known.
    pub day: u16,
    /// The share in per cent at which it travelled; 100 where it came directly.
    pub share: i64,
    /// The steps by which it came, from what the record names to the
    /// enterprise; none where the record names the enterprise.
    pub way: Vec<Step>,
}

/// One step of a way: what another record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The record, as numbered by the caller of [`Fold::add`].
    pub record: usize,
    /// The alias or the subject from which it leads.
    pub from: SubjectKey,
    /// The kind of link; none where an alias means an enterprise.
    pub link: Option<u8>,
}

/// Whom an alias means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// This enterprise.
    One(SubjectKey),
    /// Several: nobody can say which.
    Several,
}

/// How a subject's observations reach an enterprise.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    share: i64,
    steps: Vec<Step>,
}

/// A subject, and the day on which a record names it where it is an alias.
type Named = (SubjectKey, u16);

/// What is linked, to what, and the kind of link.
type Tie = (SubjectKey, Named, u8);

/// The subject as a record of `day` names it.
fn named(subject: SubjectKey, day: u16) -> Named {
    (subject, if subject.kind().is_alias() { day } else { 0 })
}

/// Facts gathered for one business day.
#[derive(Debug)]
pub struct Fold<'a> {
    settings: &'a Settings,
    today: i32,
    keep_records: bool,
    /// By slot: whether single facts are kept.
    histories: Vec<bool>,
    totals: HashMap<Named, Totals>,
    records: HashMap<Named, Vec<(usize, Observation)>>,
    profiles: HashMap<Named, Vec<(usize, Profile)>>,
    /// With the first record that says so; one map, not one an alias: most have
    /// one meaning. Ordered by what is the alias.
    aliases: BTreeMap<Alias, usize>,
    /// Ordered by what is linked.
    links: BTreeMap<Tie, usize>,
    outcomes: Vec<(Named, bool)>,
    /// The enterprises that are folded; none: all.
    part: Option<Chosen>,
}

impl<'a> Fold<'a> {
    /// An empty fold; facts that expire on `today` or before do not count.
    /// With `keep_records` it remembers which record said what.
    pub fn new(settings: &'a Settings, today: i32, keep_records: bool) -> Self {
        Fold {
            settings,
            today,
            keep_records,
            histories: histories(settings),
            totals: HashMap::new(),
            records: HashMap::new(),
            profiles: HashMap::new(),
            aliases: BTreeMap::new(),
            links: BTreeMap::new(),
            outcomes: Vec::new(),
            part: None,
        }
    }

    /// Adds what one live record says.
    pub fn add(&mut self, record: usize, facts: &Facts) {
        self.relate(record, facts);
        self.observe(record, facts);
    }

    /// Adds what one live record says of the enterprises of the part, beside what
    /// was [related](Fold::relate).
    pub fn observe(&mut self, record: usize, facts: &Facts) {
        for observation in &facts.observations {
            if observation.expiry != NEVER && observation.expiry <= self.today {
                continue;
            }
            let subject = named(observation.subject, observation.day);
            if !self.wants(subject) {
                continue;
            }
            let totals = self.totals.entry(subject).or_default();
            let keyed = is_keyed(self.settings, observation.slot);
            let summed = if keyed { 0 } else { observation.value };
            totals.add(observation.slot, 1, summed);
            if self.histories[usize::from(observation.slot)] {
                let total = totals.of(observation.slot);
                total.facts.push((observation.day, observation.value));
            }
            if self.keep_records {
                self.records
                    .entry(subject)
                    .or_default()
                    .push((record, *observation));
            }
        }
        for profile in &facts.profiles {
            let subject = named(profile.subject, profile.named);
            if !self.wants(subject) {
                continue;
            }
            keep_latest(self.profiles.entry(subject).or_default(), record, profile);
        }
        let outcomes = facts.outcomes.iter();
        self.outcomes
            .extend(outcomes.map(|o| (named(o.subject, o.named), o.positive)));
    }

    /// Adds whom names mean and what is linked to what. Parts are made of that, so
    /// of every record it comes first.
    pub fn relate(&mut self, record: usize, facts: &Facts) {
        for alias in facts.aliases.iter().filter(|a| !a.term.is_empty()) {
            self.aliases.entry(*alias).or_insert(record);
        }
        let today = self.today;
        for link in facts.links.iter().filter(|link| counts(link, today)) {
            let tie = (link.from, named(link.to, link.named), link.kind);
            self.links.entry(tie).or_insert(record);
        }
    }

    /// Whom a key means that a record of `day` names; 0: a record of no day.
    /// Nothing where nobody bears it.
    pub fn meaning(&self, key: SubjectKey, day: u16) -> Option<Meaning> {
        if key.kind().is_enterprise() {
            return Some(Meaning::One(key));
        }
        let said: Vec<&Alias> = self.said_of(key).map(|(alias, _)| alias).collect();
        if day > 0 {
            return meaning_on(&said, day);
        }
        // A record of no day may be of any: it means an enterprise if the alias
        // means that one whenever it means anybody.
        let turns = said.iter().flat_map(|a| [a.term.from, a.term.until]);
        let turns = turns.chain([1]).filter(|day| *day > 0 && *day < u16::MAX);
        let days: BTreeSet<u16> = turns.collect();
        let mut meant = days.into_iter().filter_map(|day| meaning_on(&said, day));
        let first = meant.next()?;
        Some(if meant.all(|other| other == first) {
            first
        } else {
            Meaning::Several
        })
    }

    /// What is said of an alias, each with the first record that says so.
    fn said_of(&self, alias: SubjectKey) -> impl Iterator<Item = (&Alias, &usize)> {
        let least = Alias {
            alias,
            enterprise: SubjectKey(0),
            term: Term { from: 0, until: 0 },
            standing: Standing::Beyond,
        };
        let from = self.aliases.range(least..);
        from.take_while(move |(said, _)| said.alias == alias)
    }

    /// What a subject is linked to: by which kind, and the first record that says
    /// so.
    fn linked(&self, from: SubjectKey) -> impl Iterator<Item = (Named, u8, usize)> {
        let ties = self.links.range((from, (SubjectKey(0), 0), 0)..);
        let ties = ties.take_while(move |((of, ..), _)| *of == from);
        ties.map(|((_, to, kind), record)| (*to, *kind, *record))
    }

    /// Everything that is linked to something, once each.
    fn linking(&self) -> impl Iterator<Item = SubjectKey> {
        let mut last = None;
        let from = self.links.keys().map(|(from, ..)| *from);
        from.filter(move |from| last.replace(*from) != Some(*from))
    }

    /// The enterprise that a key means on a day: itself, or the only one its
    /// alias means.
    pub fn resolve(&self, key: SubjectKey, day: u16) -> Option<SubjectKey> {
        match self.meaning(key, day)? {
            Meaning::One(enterprise) => Some(enterprise),
            Meaning::Several => None,
        }
    }

    /// The enterprise that an alias means, with the record that says so: of
    /// several the first.
    fn alias_step(&self, (key, day): Named) -> Option<(SubjectKey, Vec<Step>)> {
        let enterprise = self.resolve(key, day)?;
        let holds = self.said_of(key).filter(|(alias, _)| {
            alias.enterprise == enterprise && (day == 0 || alias.term.holds_on(day))
        });
        let firmest =
            holds.max_by_key(|(alias, record)| (alias.standing, std::cmp::Reverse(**record)));
        let step = firmest.map(|(_, record)| Step {
            record: *record,
            from: key,
            link: None,
        });
        Some((enterprise, step.into_iter().collect()))
    }

    /// Ends the fold.
    pub fn finish(mut self) -> Folded<'a> {
        self.end_part()
    }

    /// Ends a part: what it came to. What is related stays for the next.
    pub fn end_part(&mut self) -> Folded<'a> {
        let mut folded = Folded::empty(self.settings, self.today);
        // Given up subject by subject: of a city there is no room for both.
        let totals = std::mem::take(&mut self.totals);
        self.count_observations(totals, &mut folded);
        self.records = HashMap::new();
        self.count_profiles(&mut folded);
        self.profiles = HashMap::new();
        self.count_groups(&mut folded);
        self.count_association(&mut folded);
        for ((subject, day), positive) in std::mem::take(&mut self.outcomes) {
            if let Some(enterprise) = self.resolve(subject, day) {
                *folded.outcomes.entry(enterprise).or_insert(false) |= positive;
            }
        }
        folded
    }

    fn count_observations(&self, totals: HashMap<Named, Totals>, folded: &mut Folded<'_>) {
        for (subject, totals) in totals {
            for (enterprise, way) in self.reaches(subject) {
                if !self.has(enterprise) {
                    continue;
                }
                let target = folded.enterprises.entry(enterprise).or_default();
                for (slot, total) in totals.iter() {
                    let share = way.share;
                    target.add(slot, total.count, shared(total.sum, share));
                    let facts = total.facts.iter();
                    let arrive = |value| self.shared(slot, value, share);
                    let arriving = facts.map(|(day, value)| (*day, arrive(*value)));
                    target.of(slot).facts.extend(arriving);
                }
                let records = self.records.get(&subject).into_iter().flatten();
                folded
                    .evidence
                    .entry(enterprise)
                    .or_default()
                    .extend(records.map(|(record, observation)| Evidence {
                        record: *record,
                        slot: observation.slot,
                        value: self.shared(observation.slot, observation.value, way.share),
                        day: observation.day,
                        share: way.share,
                        way: way.steps.clone(),
                    }));
            }
        }
    }

    /// The enterprises that a subject's observations count for, with the share
    /// in per cent: 100 for an enterprise or alias; along at most two links, the
    /// best of all ways, for the others.
    fn reaches(&self, subject: Named) -> BTreeMap<SubjectKey, Way> {
        let mut best = BTreeMap::new();
        if let Some(end) = self.end(subject) {
            offer(&mut best, end, 100, &[]);
            return best;
        }
        for (next, kind, record) in self.linked(subject.0) {
            let share = self.share(kind);
            let step = |record, from, kind| Step {
                record,
                from,
                link: Some(kind),
            };
            let first = step(record, subject.0, kind);
            if names_one(next.0) {
                if let Some(end) = self.end(next) {
                    offer(&mut best, end, share, &[first]);
                }
                continue;
            }
            for (end, kind, record) in self.linked(next.0) {
                let second = step(record, next.0, kind);
                if let Some(end) = self.end(end) {
                    let share = share * self.share(kind) / 100;
                    offer(&mut best, end, share, &[first, second]);
                }
            }
        }
        best
    }

    /// The enterprise that a subject is or means, and by which step.
    fn end(&self, subject: Named) -> Option<(SubjectKey, Vec<Step>)> {
        match names_one(subject.0) {
            true => self.alias_step(subject),
            false => None,
        }
    }

    /// A value after a share; a key that tells events apart keeps its own.
    fn shared(&self, slot: Slot, value: i64, share: i64) -> i64 {
        match is_keyed(self.settings, slot) {
            true => value,
            false => shared(value, share),
        }
    }

    fn share(&self, kind: u8) -> i64 {
        i64::from(self.settings.link_kinds[usize::from(kind)].share)
    }

    fn count_profiles(&self, folded: &mut Folded<'_>) {
        let mut latest: BTreeMap<(SubjectKey, u16), (usize, &Profile, Vec<Step>)> = BTreeMap::new();
        for (subject, profiles) in &self.profiles {
            let Some((enterprise, way)) = self.end(*subject) else {
                continue;
            };
            for (record, profile) in profiles {
                let held = latest.entry((enterprise, profile.source)).or_insert((
                    *record,
                    profile,
                    way.clone(),
                ));
                if is_later(profile, held.1) {
                    *held = (*record, profile, way.clone());
                }
            }
        }
        for ((enterprise, _), (record, profile, way)) in latest {
            for (slot, value) in &profile.values {
                let totals = folded.enterprises.entry(enterprise).or_default();
                totals.add(*slot, 1, *value);
                if self.keep_records {
                    let step = Evidence {
                        record,
                        slot: *slot,
                        value: *value,
                        day: 0,
                        share: 100,
                        way: way.clone(),
                    };
                    folded.evidence.entry(enterprise).or_default().push(step);
                }
            }
        }
    }

    fn count_groups(&self, folded: &mut Folded<'_>) {
        for group in &self.settings.groups {
            for subject in self.linking() {
                let members = self.linked_by(subject, group.link);
                let size = members.len() as i64;
                if size < i64::from(group.min) || size > i64::from(group.hub) {
                    continue;
                }
                for member in members.iter().filter(|member| self.has(**member)) {
                    let totals = folded.enterprises.entry(*member).or_default();
                    totals.add(group.slot, 1, size * VALUE_SCALE);
                    let link = (subject, group.link);
                    self.note_sharers(folded, (*member, group.slot), link, &members);
                }
            }
        }
    }
}

/// Keeps of each source's profiles of a subject the latest: no other counts,
/// whomever the subject means.
fn keep_latest(held: &mut Vec<(usize, Profile)>, record: usize, profile: &Profile) {
    match held.iter_mut().find(|(_, p)| p.source == profile.source) {
        None => held.push((record, profile.clone())),
        Some(held) if is_later(profile, &held.1) => *held = (record, profile.clone()),
        Some(_) => {}
    }
}

/// Whether a profile takes the place of another of the same source.
fn is_later(profile: &Profile, other: &Profile) -> bool {
    let rank = |p: &Profile| (p.day, p.record);
    (rank(profile), &profile.values) > (rank(other), &other.values)
}

/// Whether a link counts today.
fn counts(link: &Link, today: i32) -> bool {
    let begun = i32::from(link.term.from) <= today;
    let ended = link.term.until != u16::MAX && i32::from(link.term.until) <= today;
    begun && !ended && link.term.from < link.term.until
}

/// Whether a key is an enterprise or means one.
fn names_one(key: SubjectKey) -> bool {
    key.kind().is_enterprise() || key.kind().is_alias()
}

/// Whom an alias means on a day, by what is said of it: those of the firmest
/// standing count.
fn meaning_on(said: &[&Alias], day: u16) -> Option<Meaning> {
    let then: Vec<&&Alias> = said.iter().filter(|a| a.term.holds_on(day)).collect();
    let firmest = then.iter().map(|alias| alias.standing).max()?;
    let firm = then.iter().filter(|alias| alias.standing == firmest);
    let meant: BTreeSet<SubjectKey> = firm.map(|alias| alias.enterprise).collect();
    Some(match meant.first() {
        Some(only) if meant.len() == 1 => Meaning::One(*only),
        _ => Meaning::Several,
    })
}

/// A way that carries nothing is none; of ways that carry as much the shortest
/// counts, then the first.
fn offer(
    best: &mut BTreeMap<SubjectKey, Way>,
    (enterprise, last): (SubjectKey, Vec<Step>),
    share: i64,
    links: &[Step],
) {
    let steps = [links, &last].concat();
    let known = best.get(&enterprise);
    let better = known.is_none_or(|known| {
        (share, std::cmp::Reverse(steps.len()))
            > (known.share, std::cmp::Reverse(known.steps.len()))
    });
    if share > 0 && better {
        best.insert(enterprise, Way { share, steps });
    }
}

/// A sum after a share; sums that travel are multiples of 100 stored units.
fn shared(sum: i64, share: i64) -> i64 {
    if share == 100 { sum } else { sum / 100 * share }
}

/// Whether a slot's values are keys that tell events apart.
fn is_keyed(settings: &Settings, slot: Slot) -> bool {
    let slots = settings.catalogue.slots();
    slots.get(usize::from(slot)).is_some_and(|info| info.keyed)
}

/// By slot: whether a feature needs its single facts.
fn histories(settings: &Settings) -> Vec<bool> {
    let graph = settings.association.iter();
    let filled = graph.flat_map(|graph| graph.filled()).count();
    let slots = settings.catalogue.slots().len() + settings.groups.len() + filled;
    let mut kept: Vec<bool> = (0..slots)
        .map(|slot| is_keyed(settings, slot as Slot))
        .collect();
    for feature in &settings.features {
        for (slots, aggregate, half_life) in parts(feature) {
            let summed = matches!(
                aggregate,
                Aggregate::Count | Aggregate::Sum | Aggregate::Mean | Aggregate::Present
            );
            if !summed || half_life.is_some() {
                slots
                    .iter()
                    .for_each(|slot| kept[usize::from(*slot)] = true);
            }
        }
    }
    kept
}

type Part<'a> = (&'a [Slot], Aggregate, Option<&'a HalfLife>);

/// What a feature is made of: itself and what it is divided by.
fn parts(feature: &Feature) -> impl Iterator<Item = Part<'_>> {
    let own = (
        &feature.slots[..],
        feature.aggregate,
        feature.half_life.as_deref(),
    );
    let per = feature.per.iter();
    let per = per.map(|per| (&per.slots[..], per.aggregate, per.half_life.as_deref()));
    std::iter::once(own).chain(per)
}

#[cfg(test)]
mod tests;
