//! The engine's interface: epochs, midnights, models, refusals.
#![allow(clippy::unwrap_used)]

mod support;

use support::*;
use tocsin_dataflow::{Engine, EngineConfig, EngineError, Plan, midnight};
use tocsin_ingest::fact::{Alias, Facts, Link, NEVER};

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
    let link = |from, to, kind| Link { from, to, kind };
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
    let aliases = vec![Alias {
        alias: name(1),
        enterprise: enterprise(1),
    }];
    let aliases = Facts {
        aliases,
        ..Facts::default()
    };
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
            model: 14,
            plan: 13
        })
    ));
    plan.link_shares.clear();
    let refused = Engine::start(config(1, plan), 0, None);
    assert!(matches!(refused.err(), Some(EngineError::Plan(faults)) if faults.len() == 2));
    let refused = Engine::start(config(0, Plan::default()), 0, None);
    assert!(matches!(refused.err(), Some(EngineError::Workers(0))));
}
