//! The engine's interface: epochs, midnights, models, refusals.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use support::*;
use tocsin_dataflow::{Engine, EngineConfig, EngineError, EpochOutput, Plan, midnight};
use tocsin_ingest::fact::{Facts, Link, NEVER, SubjectKey, Term};

const DAY: i32 = 20_000;
const NOON: u64 = 12 * 3_600_000;

fn noon(day: i32) -> u64 {
    midnight(day) + NOON
}

#[test]
fn a_registered_enterprise_is_scored_and_others_are_not() {
    let engine = engine(2, noon(DAY));
    let mut loader = engine.loader();
    loader.add(&registered(1), 1);
    loader.add(&observed(enterprise(2), SIGNAL, NEVER, 10_000), 1);
    loader.flush();
    let output = engine.advance(noon(DAY)).unwrap();
    let changed: Vec<_> = output
        .changes
        .iter()
        .map(|change| change.enterprise)
        .collect();
    assert_eq!(changed, vec![enterprise(1)]);
    assert_eq!(output.changes[0].old, None);
    assert_eq!(output.changes[0].time_ms, noon(DAY));
    assert_eq!(output.matched, vec![(REGISTERED, 1)]);
}

#[test]
fn facts_end_at_their_midnights_before_new_ones_count() {
    let engine = engine(2, noon(DAY));
    let mut loader = engine.loader();
    loader.add(&registered(1), 1);
    loader.add(&observed(enterprise(1), SIGNAL, DAY + 1, 50_000), 1);
    loader.add(&observed(enterprise(1), SIGNAL, DAY + 2, 50_000), 1);
    loader.flush();
    engine.advance(noon(DAY)).unwrap();
    loader.add(&observed(enterprise(1), SIGNAL, DAY + 1, 50_000), 1);
    loader.add(&observed(enterprise(1), MENTION, NEVER, 0), 1);
    loader.flush();
    let output = engine.advance(noon(DAY + 3)).unwrap();
    let times: Vec<_> = output.changes.iter().map(|change| change.time_ms).collect();
    assert_eq!(
        times,
        vec![midnight(DAY + 1), midnight(DAY + 2), noon(DAY + 3)]
    );
}

#[test]
fn what_ages_is_revised_at_every_midnight_whether_anything_arrives_or_not() {
    let engine = engine(2, noon(DAY));
    let mut loader = engine.loader();
    loader.add(&registered(1), 1);
    loader.add(&registered(2), 1);
    let mut fades = observed(enterprise(1), DECAYS, DAY + 3, 64_000);
    fades.observations[0].day = DAY as u16;
    loader.add(&fades, 1);
    loader.flush();
    engine.advance(noon(DAY)).unwrap();
    let output = engine.advance(noon(DAY + 4)).unwrap();
    let changes = output.changes.iter();
    let changes: Vec<_> = changes.map(|c| (c.enterprise, c.time_ms)).collect();
    let midnights = [midnight(DAY + 1), midnight(DAY + 2), midnight(DAY + 3)];
    assert_eq!(changes, midnights.map(|time| (enterprise(1), time)));
    assert!(output.changes.is_sorted_by(|a, b| a.new == b.old));
}

#[test]
fn a_lead_reaches_an_enterprise_through_its_holder_and_a_name() {
    let engine = engine(2, noon(DAY));
    let mut loader = engine.loader();
    loader.add(&registered(1), 1);
    loader.add(&observed(account(1), AMOUNT, NEVER, 100_000), 1);
    let link = |from, to, kind| Link {
        from,
        to,
        kind,
        term: Term::ALWAYS,
        named: 0,
    };
    let links = vec![link(account(1), person(1), 1), link(person(1), name(1), 0)];
    loader.add(
        &Facts {
            links,
            ..Facts::default()
        },
        1,
    );
    loader.flush();
    let before = engine.advance(noon(DAY)).unwrap().changes[0].new;
    let aliases = means(name(1), 1, 0, u16::MAX);
    loader.add(&aliases, 1);
    loader.flush();
    let output = engine.advance(noon(DAY) + 1).unwrap();
    assert_eq!(output.changes.len(), 1);
    assert_eq!(output.changes[0].old, before);
    let new = output.changes[0].new.unwrap();
    assert_eq!(new.agencies, 1 << 63);
    loader.add(&aliases, -1);
    loader.flush();
    let output = engine.advance(noon(DAY) + 2).unwrap();
    assert_eq!(output.changes[0].new, before);
}

#[test]
fn a_model_revises_everyone_at_its_instant_and_not_before() {
    let engine = engine(2, noon(DAY));
    let mut loader = engine.loader();
    (0..50).for_each(|number| loader.add(&registered(number), 1));
    loader.flush();
    engine.advance(noon(DAY)).unwrap();
    engine
        .set_model(noon(DAY) + 10, model(&plan(), 777))
        .unwrap();
    assert_eq!(engine.advance(noon(DAY) + 9).unwrap().changes, vec![]);
    let output = engine.advance(noon(DAY) + 20).unwrap();
    assert_eq!(output.changes.len(), 50);
    for change in output.changes {
        let (old, new) = (change.old.unwrap(), change.new.unwrap());
        assert_eq!(new.score.log_odds - old.score.log_odds, 777);
        assert_eq!(change.time_ms, noon(DAY) + 10);
    }
}

#[test]
fn an_empty_epoch_changes_nothing_and_keeps_the_state() {
    let engine = engine(1, noon(DAY));
    let mut loader = engine.loader();
    loader.add(&registered(1), 1);
    loader.flush();
    engine.advance(noon(DAY)).unwrap();
    for step in 1..500 {
        let output = engine.advance(noon(DAY) + step).unwrap();
        assert!(output.changes.is_empty() && output.matched.is_empty());
    }
    let stats = engine.stats().unwrap();
    let tallies = stats
        .arrangements
        .iter()
        .find(|stats| stats.name == "tallies");
    assert_eq!(tallies.unwrap().rows, 1);
}

#[test]
fn time_does_not_go_back() {
    let engine = engine(1, 100);
    assert!(matches!(
        engine.advance(99),
        Err(EngineError::Time { first_ms: 100, .. })
    ));
    engine.advance(100).unwrap();
    let error = engine.advance(100).unwrap_err().to_string();
    assert!(
        error.starts_with("time `100` cannot close an epoch"),
        "{error}"
    );
}

#[test]
fn a_plan_or_model_that_does_not_fit_is_refused() {
    let mut plan = plan();
    let bound = model(&plan, 0);
    plan.features.pop();
    let config = |workers, plan| EngineConfig { workers, plan };
    let refused = Engine::start(config(1, plan.clone()), 0, Some(bound));
    assert!(matches!(
        refused.err(),
        Some(EngineError::Model {
            model: 17,
            plan: 16
        })
    ));
    plan.link_shares.clear();
    let refused = Engine::start(config(1, plan), 0, None);
    assert!(matches!(refused.err(), Some(EngineError::Plan(faults)) if faults.len() == 5));
    let refused = Engine::start(config(0, Plan::default()), 0, None);
    assert!(matches!(refused.err(), Some(EngineError::Workers(0))));
}

/// Log-odds of an enterprise after what has been loaded.
fn score(state: &mut BTreeMap<SubjectKey, i64>, output: &EpochOutput, number: u128) -> i64 {
    for change in &output.changes {
        match change.new {
            Some(new) => state.insert(change.enterprise, new.score.log_odds),
            None => state.remove(&change.enterprise),
        };
    }
    state[&enterprise(number)]
}

/// What two enterprises' scores are after each of `epochs`, in which these facts
/// come (1) or go (-1): equal numbers are equal scores.
fn course(epochs: &[&[(&Facts, i32)]]) -> Vec<(i64, i64)> {
    let engine = engine(2, noon(DAY));
    let mut loader = engine.loader();
    let mut state = BTreeMap::new();
    loader.add(&registered(1), 1);
    loader.add(&registered(2), 1);
    let mut scores = Vec::new();
    for (number, epoch) in epochs.iter().enumerate() {
        epoch
            .iter()
            .for_each(|(facts, diff)| loader.add(facts, *diff));
        loader.flush();
        let output = engine.advance(noon(DAY + number as i32)).unwrap();
        let first = score(&mut state, &output, 1);
        scores.push((first, score(&mut state, &EpochOutput::default(), 2)));
    }
    scores
}

/// The scores without the fact, with it at the first and with it at the second.
fn places(fact: &Facts) -> [(i64, i64); 3] {
    let first = means(agency_id(9), 1, 0, u16::MAX);
    let second = means(agency_id(9), 2, 0, u16::MAX);
    let course = course(&[&[(fact, 1)], &[(&first, 1)], &[(&first, -1), (&second, 1)]]);
    [course[0], course[1], course[2]]
}

#[test]
fn an_agencys_number_is_split_by_correction() {
    let fact = observed_on(agency_id(9), AMOUNT, 19_000, 30_000);
    let [nobody, first, second] = places(&fact);
    assert!(nobody.0 != first.0 && nobody.1 != second.1);
    assert_eq!((first.1, second.0), (nobody.1, nobody.0));
}

#[test]
fn an_agencys_number_is_split_by_validity() {
    let old = observed_on(agency_id(9), AMOUNT, 19_000, 30_000);
    let new = observed_on(agency_id(9), AMOUNT, 19_500, 30_000);
    let [nobody, first, second] = places(&old);
    let whole = means(agency_id(9), 1, 0, u16::MAX);
    let until = means(agency_id(9), 1, 0, 19_200);
    let since = means(agency_id(9), 2, 19_200, u16::MAX);
    let course = course(&[
        &[(&old, 1), (&whole, 1)],
        &[(&whole, -1), (&until, 1), (&since, 1)],
        &[(&new, 1)],
        &[(&old, -1)],
    ]);
    assert_eq!(course[0..2], [first, first]);
    assert_eq!(course[2], (first.0, second.1));
    assert_eq!(course[3], (nobody.0, second.1));
}

#[test]
fn two_numbers_that_come_to_mean_one_enterprise_are_merged() {
    let facts = [7, 9].map(|number| observed_on(agency_id(number), AMOUNT, 19_000, 30_000));
    let apart = [
        means(agency_id(7), 1, 0, u16::MAX),
        means(agency_id(9), 2, 0, u16::MAX),
    ];
    let merged = means(agency_id(9), 1, 0, u16::MAX);
    let [nobody, first, second] = places(&facts[1]);
    let both = [&facts[0], &facts[1]].map(|fact| (fact, 1));
    let course = course(&[
        &[both[0], both[1], (&apart[0], 1), (&apart[1], 1)],
        &[(&apart[1], -1), (&merged, 1)],
        &[(&merged, -1), (&apart[1], 1)],
    ]);
    assert_eq!(course[0], (first.0, second.1));
    assert_eq!(course[1].1, nobody.1);
    assert!(course[1].0 != first.0 && course[1].0 != nobody.0);
    assert_eq!(course[2], course[0]);
}

#[test]
fn a_lead_on_a_person_reaches_all_it_controls_and_leaves_when_control_ends() {
    let lead = observed(person(1), AMOUNT, NEVER, 30_000);
    let firm = linked(person(1), enterprise(1), 0, u16::MAX);
    // Control of the second ends at the midnight before the fourth epoch.
    let until = linked(person(1), enterprise(2), 0, (DAY + 3) as u16);
    let course = course(&[
        &[],
        &[(&lead, 1), (&firm, 1)],
        &[(&until, 1)],
        &[],
        &[(&firm, -1)],
    ]);
    let (nobody, alone, both) = (course[0], course[1], course[2]);
    assert!(alone.0 != nobody.0 && alone.1 == nobody.1);
    // The two are a group as well, as long as both are controlled.
    assert!(both.0 != nobody.0 && both.1 != nobody.1);
    assert_eq!(course[3..], [alone, nobody]);
}

#[test]
fn an_account_that_several_institutions_report_counts_once() {
    let lead = observed(account(1), AMOUNT, NEVER, 30_000);
    let link = linked(account(1), enterprise(1), 0, u16::MAX);
    let course = course(&[&[(&lead, 1), (&link, 1)], &[(&link, 1)], &[(&link, -1)]]);
    assert_eq!(course[0], course[1]);
    assert_eq!(course[0], course[2]);
}

#[test]
fn days_are_held_of_dated_kinds_alone() {
    let engine = engine(2, noon(DAY));
    let mut loader = engine.loader();
    for day in 1..=100 {
        loader.add(&observed_on(old_number(1), AMOUNT, day, 10_000), 1);
        loader.add(&observed_on(name(1), AMOUNT, day, 10_000), 1);
        loader.add(&observed_on(enterprise(1), AMOUNT, day, 10_000), 1);
        loader.add(&means(name(1), 1, 0, u16::MAX), 1);
    }
    loader.flush();
    engine.advance(noon(DAY)).unwrap();
    let stats = engine.stats().unwrap();
    let rows = |name: &str| {
        let mut held = stats.arrangements.iter();
        held.find(|held| held.name == name).unwrap().rows
    };
    assert_eq!(rows("facts of names"), 101);
    assert_eq!(
        (rows("aliases"), rows("identity"), rows("tallies")),
        (1, 1, 1)
    );
}
