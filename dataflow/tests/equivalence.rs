//! The incremental engine against a plain batch recomputation: whatever is
//! added and taken back, in whatever order and epochs, by however many workers,
//! the assessments at the end are those of the facts that are left.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use support::*;
use tocsin_dataflow::{Aggregate, Assessment, Engine, EngineConfig, EpochOutput};
use tocsin_dataflow::{Measure, Plan, Role};
use tocsin_dataflow::{business_day, midnight};
use tocsin_ingest::fact::{
    Alias, Facts, Link, NEVER, Observation, Profile, Slot, SubjectKey, VALUE_SCALE,
};
use tocsin_models::{BoundScorecard, Category};

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
    meanings: BTreeMap<SubjectKey, BTreeSet<SubjectKey>>,
}

impl<'a> Batch<'a> {
    fn new(plan: &'a Plan, facts: &'a [Fact]) -> Self {
        let mut meanings: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for fact in facts {
            if let Fact::Alias(alias) = fact {
                let meant = meanings.entry(alias.alias).or_default();
                meant.insert(alias.enterprise);
            }
        }
        Batch {
            plan,
            facts,
            meanings,
        }
    }

    fn resolve(&self, subject: SubjectKey) -> Option<SubjectKey> {
        if subject.kind().is_enterprise() {
            return Some(subject);
        }
        let meant = self.meanings.get(&subject)?;
        (meant.len() == 1).then(|| *meant.first().unwrap())
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        self.facts.iter().filter_map(|fact| match fact {
            Fact::Link(link) => Some(link),
            _ => None,
        })
    }

    fn reach(&self, from: SubjectKey) -> BTreeMap<SubjectKey, i64> {
        let share = |link: &Link| i64::from(self.plan.link_shares[usize::from(link.kind)]);
        let mut best = BTreeMap::new();
        let mut path = |enterprise, share: i64| {
            let most = best.entry(enterprise).or_insert(0);
            *most = share.max(*most);
        };
        for first in self.links().filter(|link| link.from == from) {
            if let Some(enterprise) = self.resolve(first.to) {
                path(enterprise, share(first));
            }
            if first.to.kind().is_alias() {
                continue;
            }
            for second in self.links().filter(|link| link.from == first.to) {
                if let Some(enterprise) = self.resolve(second.to) {
                    path(enterprise, share(first) * share(second) / 100);
                }
            }
        }
        best.retain(|_, share| *share > 0);
        best
    }

    fn sums(&self, day: i32) -> Sums {
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
            match (expiry > day, travels) {
                (false, _) => {}
                (true, false) => {
                    if let Some(enterprise) = self.resolve(subject) {
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
                add(self.resolve(profile.subject).unwrap(), *slot, 0, *value);
            }
        }
        for (enterprise, slot, size) in self.memberships() {
            add(enterprise, slot, 0, size * VALUE_SCALE);
        }
        sums
    }

    /// The sums, with what the association graph adds to them, and the groups.
    fn related(&self, day: i32) -> (Sums, relations::Groups) {
        let mut sums = self.sums(day);
        let ends = |link: &Link| Some((link.from, link.kind, self.resolve(link.to)?));
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
            let Some(enterprise) = self.resolve(profile.subject) else {
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
                if let Some(enterprise) = self.resolve(link.to) {
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

fn assess(plan: &Plan, model: &BoundScorecard, sums: &Known, today: i32) -> Option<Assessment> {
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
    let (mut categories, mut agencies) = (0, 0);
    for (feature, contribution) in plan.features.iter().zip(&contributions) {
        if *contribution <= 0 || feature.spec.category == Category::R {
            continue;
        }
        categories |= 1 << feature.spec.category.index();
        for slot in feature.slots().filter(|slot| sums.contains_key(slot)) {
            agencies |= 1u64 << plan.slots[usize::from(slot)].agency;
        }
    }
    let triggers = |(feature, value): (&tocsin_dataflow::FeatureDef, &Option<i64>)| {
        feature.hard && value.is_some_and(|value| value > 0)
    };
    Some(Assessment {
        score: model.score(&row),
        categories,
        agencies,
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
        Some(half_life) => i128::from(half_life.weight(today - day)),
        None => 1 << 32,
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
            Some((weighed * i128::from(VALUE_SCALE) >> 32) as i64)
        }
        Aggregate::Present => Some(i64::from(n > 0) * VALUE_SCALE),
        Aggregate::Sum => {
            let weighed = facts.iter().map(|fact| i128::from(fact.2) * weight(fact.1));
            (n > 0).then(|| (weighed.sum::<i128>() >> 32) as i64)
        }
        Aggregate::Mean => (n > 0).then(|| sum.div_euclid(n)),
        Aggregate::Latest => {
            let place = |slot| measure.slots.iter().position(|s| *s == slot);
            let order = |f: &&(Slot, i32, i64)| (f.1, std::cmp::Reverse(place(f.0)), f.2);
            facts.iter().max_by_key(order).map(|fact| fact.2)
        }
        Aggregate::Maximum => values.max(),
        Aggregate::Minimum => values.min(),
        Aggregate::Distinct => Some(values.collect::<BTreeSet<i64>>().len() as i64 * VALUE_SCALE),
        Aggregate::DaysSince => {
            let last = facts.iter().map(|fact| fact.1).max()?;
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
    groups: BTreeMap<SubjectKey, Assessment>,
    members: BTreeMap<SubjectKey, SubjectKey>,
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
        for (slot, change) in &output.matched {
            *self.matched.entry(*slot).or_default() += change;
        }
        self.matched.retain(|_, count| *count != 0);
    }

    fn of_batch(plan: &Plan, model: &BoundScorecard, facts: &[Fact], day: i32) -> State {
        let mut state = State::default();
        let (all, groups) = Batch::new(plan, facts).related(day);
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
        2 => (0u128..3).prop_map(name),
        1 => (0u128..2).prop_map(person),
        1 => (0u128..2).prop_map(account),
    ]
}

fn observation() -> impl Strategy<Value = Fact> {
    let expiry = prop_oneof![(-1i32..6).prop_map(|day| FIRST_DAY + day), Just(NEVER)];
    let slot = prop_oneof![5 => 0u16..4, 3 => HISTORY..DECAYS + 1];
    let said = (any_subject(), expiry, slot, 1..8u16, -20i64..60);
    said.prop_map(|(subject, expiry, slot, day, hundreds)| {
        Fact::Observation(Observation {
            subject,
            expiry,
            slot,
            day: FIRST_DAY as u16 - day,
            value: hundreds * 1_000,
        })
    })
}

fn profile() -> impl Strategy<Value = Fact> {
    let subject = prop_oneof![any_enterprise(), (0u128..3).prop_map(name)];
    let values = (any::<bool>(), -2i64..9).prop_map(|(both, value)| {
        let mut values = vec![(CAPITAL, value * 5_000)];
        values.extend(both.then_some((STAFF, value * 3_000)));
        values
    });
    (subject, 4u16..6, 0i32..3, 0u64..2, values).prop_map(
        |(subject, source, day, record, values)| {
            Fact::Profile(Profile {
                subject,
                source,
                day,
                record,
                values,
            })
        },
    )
}

fn alias() -> impl Strategy<Value = Fact> {
    ((0u128..3).prop_map(name), any_enterprise())
        .prop_map(|(alias, enterprise)| Fact::Alias(Alias { alias, enterprise }))
}

fn link() -> impl Strategy<Value = Fact> {
    let from = prop_oneof![(0u128..3).prop_map(person), (0u128..2).prop_map(account)];
    (from, any_subject(), 0u8..3).prop_map(|(from, to, kind)| Fact::Link(Link { from, to, kind }))
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![5 => observation(), 2 => profile(), 2 => alias(), 4 => link()]
}

/// Facts, and epochs: how long after the last one, and which facts change.
type Script = (Vec<Fact>, Vec<(u64, Vec<usize>)>);

fn script() -> impl Strategy<Value = Script> {
    let gap = prop_oneof![Just(1), Just(9 * HOUR), Just(24 * HOUR), Just(60 * HOUR)];
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

/// Plays a script: each mention of a fact adds it, or takes it back if it is
/// there. Returns what the engine says, what is left, and when it ended.
fn play(workers: usize, script: &Script, model_at: usize) -> (State, Vec<Fact>, u64) {
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
    let mut loaders = [engine.loader(), engine.loader()];
    let (facts_of, epochs) = script;
    let mut there = vec![false; facts_of.len()];
    let mut state = State::default();
    for (number, (gap, toggles)) in epochs.iter().enumerate() {
        time += gap;
        if number == model_at % epochs.len() {
            engine.set_model(time - 1, model(&plan, 5)).unwrap();
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
        script in script(), workers in 1usize..3, model_at in 0usize..6,
    ) {
        let (state, left, time) = play(workers, &script, model_at);
        let plan = plan();
        let batch = State::of_batch(&plan, &model(&plan, 5), &left, business_day(time));
        prop_assert_eq!(&state.assessments, &batch.assessments);
        // Without a registered enterprise nothing is matched.
        prop_assert_eq!(&state.matched, &batch.matched);
        prop_assert_eq!(&state.members, &batch.members);
        prop_assert_eq!(&state.groups, &batch.groups);
    }

    #[test]
    fn waiting_equals_starting_later(script in script(), days in 0u64..8) {
        let (facts_of, _) = &script;
        let all: Vec<usize> = (0..facts_of.len()).collect();
        let waited = (facts_of.clone(), vec![(1, all.clone()), (days * 24 * HOUR + 1, vec![])]);
        let later = (facts_of.clone(), vec![(days * 24 * HOUR + 2, all)]);
        let (waited, _, end) = play(2, &waited, 0);
        let (later, _, same_end) = play(1, &later, 0);
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
        let (state, left, _) = play(2, &(facts_of.clone(), epochs), 0);
        prop_assert_eq!(left, vec![]);
        prop_assert_eq!(state, State::default());
    }
}
