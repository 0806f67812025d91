//! The incremental engine against a plain batch recomputation: whatever is
//! added and taken back, in whatever order and epochs, by however many workers,
//! the assessments at the end are those of the facts that are left.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use support::*;
use tocsin_dataflow::{Aggregate, Assessment, Engine, EngineConfig, EpochOutput};
use tocsin_dataflow::{Measure, Plan, Role, Rules};
use tocsin_dataflow::{business_day, midnight};
use tocsin_ingest::fact::{
    Alias, Facts, Link, NEVER, Observation, Profile, Slot, Standing, SubjectKey, Term, VALUE_SCALE,
};
use tocsin_models::{BoundModel, Category};

const FIRST_DAY: i32 = 20_000;
const HOUR: u64 = 3_600_000;

#[derive(Debug, Clone, PartialEq)]
enum Fact {
    Observation(Observation),
    Profile(Profile),
    Alias(Alias),
    Link(Link),
}

fn facts(fact: &Fact) -> Facts {
    let mut facts = Facts::default();
    match fact.clone() {
        Fact::Observation(observation) => facts.observations.push(observation),
        Fact::Profile(profile) => facts.profiles.push(profile),
        Fact::Alias(alias) => facts.aliases.push(alias),
        Fact::Link(link) => facts.links.push(link),
    }
    facts
}

// The batch fold. It shares no code with the engine but the model.

type Known = relations::Known;

type Sums = relations::Sums;

struct Batch<'a> {
    plan: &'a Plan,
    facts: &'a [Fact],
    /// The business day.
    today: i32,
}

/// Whom an alias means on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    One(SubjectKey),
    Several,
}

impl<'a> Batch<'a> {
    fn new(plan: &'a Plan, facts: &'a [Fact], today: i32) -> Self {
        Batch { plan, facts, today }
    }

    fn claims(&self, subject: SubjectKey) -> impl Iterator<Item = &Alias> {
        let aliases = self.facts.iter().filter_map(|fact| match fact {
            Fact::Alias(alias) => Some(alias),
            _ => None,
        });
        aliases.filter(move |alias| alias.alias == subject && alias.term.from < alias.term.until)
    }

    fn meaning_on(&self, subject: SubjectKey, day: u16) -> Option<Meaning> {
        let holds = |alias: &&Alias| {
            let term = alias.term;
            term.from <= day && (term.until == u16::MAX || day < term.until)
        };
        let firmest = self
            .claims(subject)
            .filter(holds)
            .map(|a| a.standing)
            .max()?;
        let firm = self.claims(subject).filter(holds);
        let firm = firm.filter(|alias| alias.standing == firmest);
        let meant: BTreeSet<SubjectKey> = firm.map(|alias| alias.enterprise).collect();
        match meant.len() {
            1 => Some(Meaning::One(*meant.first().unwrap())),
            _ => Some(Meaning::Several),
        }
    }

    /// Whom a subject means that a record of `day` names; 0: of no day.
    fn meaning(&self, subject: SubjectKey, day: u16) -> Option<Meaning> {
        if subject.kind().is_enterprise() {
            return Some(Meaning::One(subject));
        }
        if day > 0 && self.plan.dated_aliases.contains(&subject.kind()) {
            return self.meaning_on(subject, day);
        }
        let turns = self
            .claims(subject)
            .flat_map(|a| [a.term.from, a.term.until]);
        let days = turns.chain([1]).filter(|day| (1..u16::MAX).contains(day));
        let days: BTreeSet<u16> = days.collect();
        let mut ever = days.iter().filter_map(|day| self.meaning_on(subject, *day));
        let first = ever.next()?;
        match ever.all(|meaning| meaning == first) {
            true => Some(first),
            false => Some(Meaning::Several),
        }
    }

    fn resolve(&self, subject: SubjectKey, day: u16) -> Option<SubjectKey> {
        match self.meaning(subject, day)? {
            Meaning::One(enterprise) => Some(enterprise),
            Meaning::Several => None,
        }
    }

    /// The links that count today.
    fn links(&self) -> impl Iterator<Item = &Link> {
        let links = self.facts.iter().filter_map(|fact| match fact {
            Fact::Link(link) => Some(link),
            _ => None,
        });
        links.filter(|link| {
            let (from, until) = (i32::from(link.term.from), i32::from(link.term.until));
            let lasts = link.term.until == u16::MAX || self.today < until;
            from <= self.today && lasts && from < until
        })
    }

    fn end(&self, link: &Link) -> Option<SubjectKey> {
        let names = link.to.kind().is_enterprise() || link.to.kind().is_alias();
        self.resolve(link.to, link.named).filter(|_| names)
    }

    fn reach(&self, from: SubjectKey) -> BTreeMap<SubjectKey, i64> {
        let share = |link: &Link| i64::from(self.plan.link_shares[usize::from(link.kind)]);
        let mut best = BTreeMap::new();
        let mut path = |enterprise, share: i64| {
            let most = best.entry(enterprise).or_insert(0);
            *most = share.max(*most);
        };
        for first in self.links().filter(|link| link.from == from) {
            if let Some(enterprise) = self.end(first) {
                path(enterprise, share(first));
            }
            if first.to.kind().is_alias() {
                continue;
            }
            for second in self.links().filter(|link| link.from == first.to) {
                if let Some(enterprise) = self.end(second) {
                    path(enterprise, share(first) * share(second) / 100);
                }
            }
        }
        best.retain(|_, share| *share > 0);
        best
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums::new();
        let mut add = |enterprise, slot, day: i32, value: i64| {
            let known = sums.entry(enterprise).or_default().entry(slot);
            known.or_default().push((day, value));
        };
        for fact in self.facts {
            let Fact::Observation(observation) = fact else {
                continue;
            };
            let Observation {
                subject,
                expiry,
                slot,
                value,
                day: event,
            } = *observation;
            let event = i32::from(event);
            let travels = !subject.kind().is_enterprise() && !subject.kind().is_alias();
            match (expiry > self.today, travels) {
                (false, _) => {}
                (true, false) => {
                    if let Some(enterprise) = self.resolve(subject, event as u16) {
                        add(enterprise, slot, event, value);
                    }
                }
                (true, true) => {
                    for (enterprise, share) in self.reach(subject) {
                        let arrives = match slot {
                            KEYED => value,
                            _ => value * share / 100,
                        };
                        add(enterprise, slot, event, arrives);
                    }
                }
            }
        }
        for profile in self.latest().into_values() {
            for (slot, value) in &profile.values {
                let enterprise = self.resolve(profile.subject, profile.named);
                add(enterprise.unwrap(), *slot, 0, *value);
            }
        }
        for (enterprise, slot, size) in self.memberships() {
            add(enterprise, slot, 0, size * VALUE_SCALE);
        }
        sums
    }

    /// The sums, with what the association graph adds to them, and the groups.
    fn related(&self) -> (Sums, relations::Groups) {
        let mut sums = self.sums();
        let ends = |link: &Link| Some((link.from, link.kind, self.resolve(link.to, link.named)?));
        let links = self.links().filter_map(ends).collect();
        let groups = relations::add(self.plan, &links, &mut sums);
        (sums, groups)
    }

    fn latest(&self) -> BTreeMap<(SubjectKey, u16), &Profile> {
        let mut latest: BTreeMap<_, &Profile> = BTreeMap::new();
        for fact in self.facts {
            let Fact::Profile(profile) = fact else {
                continue;
            };
            let Some(enterprise) = self.resolve(profile.subject, profile.named) else {
                continue;
            };
            let order = |profile: &Profile| (profile.day, profile.record, profile.values.clone());
            let known = latest
                .entry((enterprise, profile.source))
                .or_insert(profile);
            if order(profile) > order(known) {
                *known = profile;
            }
        }
        latest
    }

    fn memberships(&self) -> Vec<(SubjectKey, Slot, i64)> {
        let mut found = Vec::new();
        for group in &self.plan.groups {
            let mut members: BTreeMap<SubjectKey, BTreeSet<SubjectKey>> = BTreeMap::new();
            for link in self.links().filter(|link| link.kind == group.link) {
                if let Some(enterprise) = self.end(link) {
                    members.entry(link.from).or_default().insert(enterprise);
                }
            }
            for members in members.values() {
                let size = members.len();
                if (group.min as usize..=group.hub as usize).contains(&size) {
                    let each = members.iter().map(|e| (*e, group.slot, size as i64));
                    found.extend(each);
                }
            }
        }
        found
    }
}

fn is_registered(plan: &Plan, sums: &Known) -> bool {
    let role = |slot: &Slot| plan.slots[usize::from(*slot)].role;
    sums.keys().any(|slot| role(slot) == Role::Registers)
}

fn assess(plan: &Plan, model: &BoundModel, sums: &Known, today: i32) -> Option<Assessment> {
    if !is_registered(plan, sums) {
        return None;
    }
    let row: Vec<Option<i64>> = plan
        .features
        .iter()
        .map(|feature| {
            let value = measured(&feature.measure, sums, today)?;
            let Some(per) = &feature.per else {
                return Some(value);
            };
            let divisor = measured(per, sums, today).filter(|divisor| *divisor != 0)?;
            Some((value * VALUE_SCALE).div_euclid(divisor))
        })
        .collect();
    let mut contributions = Vec::new();
    model.contributions(&row, &mut contributions);
    let (mut categories, mut agencies, mut marks) = (0, 0, 0);
    for (feature, contribution) in plan.features.iter().zip(&contributions) {
        if *contribution <= 0 || feature.spec.category == Category::R {
            continue;
        }
        categories |= 1 << feature.spec.category.index();
        for slot in feature.slots().filter(|slot| sums.contains_key(slot)) {
            agencies |= 1u64 << plan.slots[usize::from(slot)].agency;
            marks |= feature.marks;
        }
    }
    let triggers = |(feature, value): (&tocsin_dataflow::FeatureDef, &Option<i64>)| {
        feature.hard && value.is_some_and(|value| value > 0)
    };
    Some(Assessment {
        score: model.score(&row),
        categories,
        agencies,
        marks,
        coverage: (row.iter().flatten().count() * 1000 / row.len()) as u16,
        hard_trigger: plan.features.iter().zip(&row).any(triggers),
        reasons: reasons(&contributions, |place| {
            triggers((&plan.features[place], &row[place]))
        }),
    })
}

/// What a measure comes to, from the list of facts.
fn measured(measure: &Measure, sums: &Known, today: i32) -> Option<i64> {
    let slots = measure.slots.iter();
    let facts: Vec<(Slot, i32, i64)> = slots
        .flat_map(|slot| {
            let facts = sums.get(slot).into_iter().flatten();
            facts.map(|(day, value)| (*slot, *day, *value))
        })
        .collect();
    let weight = |day: i32| match &measure.half_life {
        Some(half_life) if day > 0 => i128::from(half_life.weight(today - day)),
        _ => 1 << 32,
    };
    let n = facts.len() as i64;
    let sum: i64 = facts.iter().map(|fact| fact.2).sum();
    let values = facts.iter().map(|fact| fact.2);
    match measure.aggregate {
        Aggregate::Count => {
            let mut keys: BTreeMap<i64, i32> = BTreeMap::new();
            let mut weighed = 0;
            for (slot, day, value) in &facts {
                match *slot {
                    KEYED => {
                        let latest = keys.entry(*value).or_insert(*day);
                        *latest = (*latest).max(*day);
                    }
                    _ => weighed += weight(*day),
                }
            }
            weighed += keys.values().map(|day| weight(*day)).sum::<i128>();
            Some(((weighed * i128::from(VALUE_SCALE)) >> 32) as i64)
        }
        Aggregate::Present => Some(i64::from(n > 0) * VALUE_SCALE),
        Aggregate::Sum => {
            let weighed = facts.iter().map(|fact| i128::from(fact.2) * weight(fact.1));
            (n > 0).then(|| (weighed.sum::<i128>() >> 32) as i64)
        }
        Aggregate::Mean => (n > 0).then(|| sum.div_euclid(n)),
        Aggregate::Latest => {
            let of_slot = |(place, slot): (usize, &Slot)| {
                let of: Vec<_> = facts.iter().filter(|fact| fact.0 == *slot).collect();
                let sum: i64 = of.iter().map(|fact| fact.2).sum();
                // Attributes of several sources are of no day: their mean counts.
                let (day, value) = match matches!(*slot, CAPITAL | STAFF) {
                    true if of.is_empty() => return None,
                    true => (0, sum.div_euclid(of.len() as i64)),
                    false => of.iter().map(|fact| (fact.1, fact.2)).max()?,
                };
                Some((day, std::cmp::Reverse(place), value))
            };
            let slots = measure.slots.iter().enumerate();
            slots.filter_map(of_slot).max().map(|latest| latest.2)
        }
        Aggregate::Maximum => values.max(),
        Aggregate::Minimum => values.min(),
        Aggregate::Distinct => Some(values.collect::<BTreeSet<i64>>().len() as i64 * VALUE_SCALE),
        Aggregate::DaysSince => {
            let days = facts.iter().map(|fact| fact.1);
            let last = days.filter(|day| *day > 0).max()?;
            Some(i64::from((today - last).max(0)) * VALUE_SCALE)
        }
    }
}

/// Hard triggers, then the largest contributions above 0, of equal ones the
/// first: three in all.
fn reasons(contributions: &[i64], triggers: impl Fn(usize) -> bool) -> [(u16, i64); 3] {
    let of = |place: usize| (place as u16, contributions[place]);
    let all = 0..contributions.len();
    let (hard, mut others): (Vec<usize>, Vec<usize>) = all.partition(|place| triggers(*place));
    others.retain(|place| contributions[*place] > 0);
    others.sort_by_key(|place| std::cmp::Reverse(contributions[*place]));
    let mut reasons = [tocsin_dataflow::NO_REASON; 3];
    let sorted = hard.into_iter().chain(others);
    reasons
        .iter_mut()
        .zip(sorted)
        .for_each(|(to, from)| *to = of(from));
    reasons
}

/// Assessments and matched counts as the engine has reported them.
#[derive(Debug, Default, PartialEq)]
struct State {
    assessments: BTreeMap<SubjectKey, Assessment>,
    matched: BTreeMap<Slot, i64>,
    unknown: BTreeMap<Slot, i64>,
    ambiguous: BTreeMap<Slot, i64>,
    groups: BTreeMap<SubjectKey, Assessment>,
    members: BTreeMap<SubjectKey, SubjectKey>,
}

fn add(counts: &mut BTreeMap<Slot, i64>, changes: &[(Slot, i64)]) {
    for (slot, change) in changes {
        *counts.entry(*slot).or_default() += change;
    }
    counts.retain(|_, count| *count != 0);
}

impl State {
    /// Applies an epoch; every change must begin where the last one ended.
    fn apply(&mut self, output: &EpochOutput) {
        let order = |change: &tocsin_dataflow::ScoreChange| (change.time_ms, change.enterprise);
        assert!(output.changes.is_sorted_by(|a, b| order(a) < order(b)));
        for change in &output.changes {
            assert_ne!(change.old, change.new);
            let known = match change.new {
                Some(new) => self.assessments.insert(change.enterprise, new),
                None => self.assessments.remove(&change.enterprise),
            };
            assert_eq!(known, change.old);
        }
        for change in &output.groups {
            assert_ne!(change.old, change.new);
            let known = match change.new {
                Some(new) => self.groups.insert(change.enterprise, new),
                None => self.groups.remove(&change.enterprise),
            };
            assert_eq!(known, change.old);
        }
        // Who moves has left before joining.
        for left in output.members.iter().filter(|belongs| !belongs.joined) {
            assert_eq!(self.members.remove(&left.member), Some(left.group));
        }
        for joined in output.members.iter().filter(|belongs| belongs.joined) {
            assert_eq!(self.members.insert(joined.member, joined.group), None);
        }
        add(&mut self.matched, &output.matched);
        add(&mut self.unknown, &output.unknown);
        add(&mut self.ambiguous, &output.ambiguous);
    }

    /// The records that name an alias which means nobody, or nobody knows whom.
    fn count_waiting(&mut self, batch: &Batch<'_>) {
        for fact in batch.facts {
            let Fact::Observation(said) = fact else {
                continue;
            };
            let role = batch.plan.slots[usize::from(said.slot)].role;
            let counted = matches!(role, Role::Registers | Role::Mention);
            if !counted || !said.subject.kind().is_alias() || said.expiry <= batch.today {
                continue;
            }
            match batch.meaning(said.subject, said.day) {
                None => *self.unknown.entry(said.slot).or_default() += 1,
                Some(Meaning::Several) => *self.ambiguous.entry(said.slot).or_default() += 1,
                Some(Meaning::One(_)) => {}
            }
        }
    }

    fn of_batch(plan: &Plan, model: &BoundModel, facts: &[Fact], day: i32) -> State {
        let mut state = State::default();
        let batch = Batch::new(plan, facts, day);
        state.count_waiting(&batch);
        let (all, groups) = batch.related();
        for (group, sums) in relations::pooled(plan, &groups, &all) {
            let assessment = assess(plan, model, &sums, day);
            state
                .groups
                .extend(assessment.map(|assessed| (group, assessed)));
        }
        for (group, members) in groups {
            state
                .members
                .extend(members.into_iter().map(|member| (member, group)));
        }
        for (enterprise, sums) in all {
            let Some(assessment) = assess(plan, model, &sums, day) else {
                continue;
            };
            state.assessments.insert(enterprise, assessment);
            for (slot, facts) in sums {
                let role = plan.slots[usize::from(slot)].role;
                if matches!(role, Role::Registers | Role::Mention) {
                    *state.matched.entry(slot).or_default() += facts.len() as i64;
                }
            }
        }
        state
    }
}

fn any_enterprise() -> impl Strategy<Value = SubjectKey> {
    (0u128..6).prop_map(enterprise)
}

fn any_subject() -> impl Strategy<Value = SubjectKey> {
    prop_oneof![
        4 => any_enterprise(),
        3 => any_alias(),
        1 => (0u128..2).prop_map(person),
        1 => (0u128..2).prop_map(account),
    ]
}

fn any_alias() -> impl Strategy<Value = SubjectKey> {
    prop_oneof![
        3 => (0u128..2).prop_map(name),
        1 => Just(agency_id(0)),
        1 => Just(old_number(0)),
    ]
}

/// The days of which records speak; 0: of none.
fn any_day() -> impl Strategy<Value = u16> {
    prop_oneof![1 => Just(0), 6 => (1..8u16).prop_map(|day| FIRST_DAY as u16 - day)]
}

/// Days around those.
fn any_term() -> impl Strategy<Value = Term> {
    let day = |first: u16| (0u16..9).prop_map(move |day| first + day);
    let past = FIRST_DAY as u16 - 8;
    let from = prop_oneof![Just(0), day(past)];
    let until = prop_oneof![Just(u16::MAX), day(past)];
    (from, until).prop_map(|(from, until)| Term { from, until })
}

/// Days on which links begin and end while a script is played.
fn any_link_term() -> impl Strategy<Value = Term> {
    let day = |first: u16| (0u16..9).prop_map(move |day| first + day);
    let from = prop_oneof![2 => Just(0), 1 => day(FIRST_DAY as u16 - 1)];
    let until = prop_oneof![2 => Just(u16::MAX), 1 => day(FIRST_DAY as u16)];
    (from, until).prop_map(|(from, until)| Term { from, until })
}

fn observation() -> impl Strategy<Value = Fact> {
    let expiry = prop_oneof![(-1i32..6).prop_map(|day| FIRST_DAY + day), Just(NEVER)];
    let slot = prop_oneof![5 => 0u16..4, 3 => HISTORY..DECAYS + 1];
    let said = (any_subject(), expiry, slot, any_day(), -20i64..60);
    said.prop_map(|(subject, expiry, slot, day, hundreds)| {
        Fact::Observation(Observation {
            subject,
            expiry,
            slot,
            day,
            value: hundreds * 1_000,
        })
    })
}

fn profile() -> impl Strategy<Value = Fact> {
    let subject = prop_oneof![any_enterprise(), any_alias()];
    let values = (any::<bool>(), -2i64..9).prop_map(|(both, value)| {
        let mut values = vec![(CAPITAL, value * 5_000)];
        values.extend(both.then_some((STAFF, value * 3_000)));
        values
    });
    (subject, 4u16..6, 0i32..3, 0u64..2, values, any_day()).prop_map(
        |(subject, source, day, record, values, named)| {
            Fact::Profile(Profile {
                subject,
                source,
                day,
                record,
                values,
                named,
            })
        },
    )
}

fn alias() -> impl Strategy<Value = Fact> {
    use Standing::{Beyond, Borne, Decided};
    let standing = prop_oneof![1 => Just(Beyond), 4 => Just(Borne), 1 => Just(Decided)];
    let said = (any_alias(), any_enterprise(), any_term(), standing);
    said.prop_map(|(alias, enterprise, term, standing)| {
        let dated = alias != old_number(0);
        Fact::Alias(Alias {
            alias,
            enterprise,
            term: if dated { term } else { Term::ALWAYS },
            standing,
        })
    })
}

fn link() -> impl Strategy<Value = Fact> {
    let from = prop_oneof![(0u128..3).prop_map(person), (0u128..2).prop_map(account)];
    let said = (from, any_subject(), 0u8..3, any_link_term(), any_day());
    said.prop_map(|(from, to, kind, term, named)| {
        Fact::Link(Link {
            from,
            to,
            kind,
            term,
            named,
        })
    })
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![5 => observation(), 2 => profile(), 3 => alias(), 4 => link()]
}

/// Facts, and epochs: how long after the last one, and which facts change.
type Script = (Vec<Fact>, Vec<(u64, Vec<usize>)>);

fn script() -> impl Strategy<Value = Script> {
    let gap = prop_oneof![
        Just(1),
        Just(30),
        Just(9 * HOUR),
        Just(24 * HOUR),
        Just(60 * HOUR)
    ];
    let toggles = proptest::collection::vec(any::<proptest::sample::Index>(), 0..20);
    let epochs = proptest::collection::vec((gap, toggles), 1..7);
    (proptest::collection::vec(fact(), 1..40), epochs).prop_map(|(facts, epochs)| {
        let within = |picks: Vec<proptest::sample::Index>| {
            picks.iter().map(|pick| pick.index(facts.len())).collect()
        };
        let epochs = epochs
            .into_iter()
            .map(|(gap, picks)| (gap, within(picks)))
            .collect();
        (facts, epochs)
    })
}

/// Plays a script on so many workers, by pieces or not: each mention of a fact
/// adds it, or takes it back if it is there. Returns what the engine says, what is left, and when it ended.
fn play(workers: (usize, bool), script: &Script, model_at: usize) -> (State, Vec<Fact>, u64) {
    let rules = Rules::new(plan(), model(&plan(), 5)).unwrap();
    play_under(workers, script, model_at, &rules)
}

/// As [`play`], with the rules that come into force on the way.
fn play_under(
    (workers, pieces): (usize, bool),
    script: &Script,
    model_at: usize,
    rules: &Rules,
) -> (State, Vec<Fact>, u64) {
    let plan = plan();
    let mut time = midnight(FIRST_DAY) + 10 * HOUR;
    let engine = Engine::start(
        EngineConfig {
            workers,
            plan: plan.clone(),
        },
        time,
        None,
    )
    .unwrap();
    // By as many pieces as there can be, or at once.
    if pieces {
        engine.enter_by_pieces(1, || {}).unwrap();
        engine.wait_in(&std::env::temp_dir()).unwrap();
    }
    let mut loaders = [engine.loader(), engine.loader()];
    let (facts_of, epochs) = script;
    let mut there = vec![false; facts_of.len()];
    let mut state = State::default();
    for (number, (gap, toggles)) in epochs.iter().enumerate() {
        time += gap;
        if number == model_at % epochs.len() {
            engine.set_rules(time - 1, rules.clone()).unwrap();
        }
        for place in toggles {
            let diff = if there[*place] { -1 } else { 1 };
            loaders[place % 2].add(&facts(&facts_of[*place]), diff);
            there[*place] = !there[*place];
        }
        loaders.iter_mut().for_each(|loader| loader.flush());
        state.apply(&engine.advance(time).unwrap());
    }
    let left = facts_of.iter().zip(there).filter(|(_, there)| *there);
    (state, left.map(|(fact, _)| fact.clone()).collect(), time)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_history_ends_where_a_batch_ends(
        script in script(), workers in (1usize..3, any::<bool>()), model_at in 0usize..6,
    ) {
        let (state, left, time) = play(workers, &script, model_at);
        let plan = plan();
        let batch = State::of_batch(&plan, &model(&plan, 5), &left, business_day(time));
        prop_assert_eq!(&state.assessments, &batch.assessments);
        // Without a registered enterprise nothing is matched.
        prop_assert_eq!(&state.matched, &batch.matched);
        prop_assert_eq!(&state.unknown, &batch.unknown);
        prop_assert_eq!(&state.ambiguous, &batch.ambiguous);
        prop_assert_eq!(&state.members, &batch.members);
        prop_assert_eq!(&state.groups, &batch.groups);
    }

    #[test]
    fn other_features_end_where_a_fresh_start_with_them_ends(
        script in script(),
        workers in (1usize..3, any::<bool>()),
        rules_at in 0usize..6,
        twisted in any::<bool>(),
    ) {
        let mut other = plan();
        other.features.remove(2);
        other.features.swap(0, 3);
        if twisted {
            other.features[1].measure.aggregate = Aggregate::Count;
            other.features[0].hard = true;
        }
        let card = model(&other, 9);
        let rules = Rules::new(other.clone(), card.clone()).unwrap();
        let (state, left, time) = play_under(workers, &script, rules_at, &rules);
        let batch = State::of_batch(&other, &card, &left, business_day(time));
        prop_assert_eq!(&state.assessments, &batch.assessments);
        prop_assert_eq!(&state.groups, &batch.groups);
        prop_assert_eq!(&state.matched, &batch.matched);
    }

    #[test]
    fn waiting_equals_starting_later(script in script(), days in 0u64..8) {
        let (facts_of, _) = &script;
        let all: Vec<usize> = (0..facts_of.len()).collect();
        let waited = (facts_of.clone(), vec![(1, all.clone()), (days * 24 * HOUR + 1, vec![])]);
        let later = (facts_of.clone(), vec![(days * 24 * HOUR + 2, all)]);
        let (waited, _, end) = play((2, true), &waited, 0);
        let (later, _, same_end) = play((1, false), &later, 0);
        prop_assert_eq!(end, same_end);
        prop_assert_eq!(waited, later);
    }

    #[test]
    fn what_is_taken_back_has_never_been(script in script(), apart in any::<bool>()) {
        let (facts_of, _) = &script;
        let all: Vec<usize> = (0..facts_of.len()).collect();
        let epochs = match apart {
            true => vec![(1, all.clone()), (1, all)],
            false => vec![(1, [all.clone(), all].concat())],
        };
        let (state, left, _) = play((2, true), &(facts_of.clone(), epochs), 0);
        prop_assert_eq!(left, vec![]);
        prop_assert_eq!(state, State::default());
    }
}
