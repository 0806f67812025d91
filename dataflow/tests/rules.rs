//! Rules as an input: who is told of, how a challenger is counted, and what a
//! survey sees.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use support::*;
use tocsin_dataflow::{Assessment, Engine, EngineError, Graded, Rules};
use tocsin_ingest::fact::{NEVER, SubjectKey};

/// Noon in Shanghai of day 20,000.
const START: u64 = 20_000 * 86_400_000 + 4 * 3_600_000;

/// An engine in which enterprise n has n signals, of 60.
fn filled(workers: usize) -> Engine {
    let engine = engine(workers, START);
    let mut loader = engine.loader();
    for number in 0..60 {
        loader.add(&registered(number), 1);
        for _ in 0..number % 7 {
            loader.add(&observed(enterprise(number), SIGNAL, NEVER, 10_000), 1);
        }
    }
    loader.flush();
    engine.advance(START).unwrap();
    engine
}

fn other_rules() -> Rules {
    let mut other = plan();
    other.features.truncate(3);
    let card = model(&other, 4);
    Rules::new(other, card).unwrap()
}

/// Every enterprise under each of `rules`.
fn surveyed(engine: &Engine, rules: &[Rules]) -> BTreeMap<SubjectKey, Vec<Assessment>> {
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let survey = engine.survey(rules, || {
        let seen = Arc::clone(&seen);
        Box::new(move |enterprise, assessments: &[Assessment], _| {
            let before = seen
                .lock()
                .unwrap()
                .insert(enterprise, assessments.to_vec());
            assert_eq!(before, None, "seen twice");
        })
    });
    survey.unwrap().wait().unwrap();
    let seen = seen.lock().unwrap();
    seen.clone()
}

#[test]
fn a_survey_sees_what_the_rules_would_make_of_everybody_and_touches_nothing() {
    for workers in [1, 2] {
        let engine = filled(workers);
        let both = [
            Rules::new(plan(), model(&plan(), 0)).unwrap(),
            other_rules(),
        ];
        let seen = surveyed(&engine, &both);
        assert_eq!(seen.len(), 60);
        assert!(engine.advance(START + 1).unwrap().changes.is_empty());
        engine.set_rules(START + 2, other_rules()).unwrap();
        let output = engine.advance(START + 2).unwrap();
        assert!(!output.changes.is_empty());
        for change in output.changes {
            let foretold = &seen[&change.enterprise];
            assert_eq!(
                (change.old, change.new),
                (Some(foretold[0]), Some(foretold[1]))
            );
        }
    }
}

#[test]
fn a_survey_stays_with_its_epoch_while_others_close() {
    let engine = filled(2);
    let before = surveyed(&engine, &[other_rules()]);
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let survey = engine.survey(&[other_rules()], || {
        let seen = Arc::clone(&seen);
        Box::new(move |enterprise, assessments: &[Assessment], _| {
            seen.lock()
                .unwrap()
                .insert(enterprise, assessments.to_vec());
        })
    });
    let mut loader = engine.loader();
    for step in 0..50 {
        loader.add(&registered(1_000 + u128::from(step)), 1);
        loader.add(&observed(enterprise(3), SIGNAL, NEVER, 10_000), 1);
        loader.flush();
        engine.advance(START + 1 + step).unwrap();
    }
    survey.unwrap().wait().unwrap();
    assert_eq!(*seen.lock().unwrap(), before);
    assert_eq!(surveyed(&engine, &[other_rules()]).len(), 110);
}

/// The grade that these tests give: how high the score is.
fn grade(assessment: &Assessment) -> u8 {
    (assessment.score.log_odds / 20_000).clamp(0, 4) as u8
}

#[test]
fn a_challenger_is_counted_exactly_whatever_comes_and_goes() {
    let engine = filled(2);
    let champion = Rules::new(plan(), model(&plan(), 0)).unwrap();
    let rival = Rules::new(plan(), model(&plan(), 25_000)).unwrap();
    let beside = champion
        .clone()
        .beside(model(&plan(), 25_000), Arc::new(grade))
        .unwrap();
    let mut counted = Graded::default();
    let check = |counted: &Graded| {
        let seen = surveyed(&engine, &[champion.clone(), rival.clone()]);
        let mut expected = BTreeMap::new();
        for pair in seen.values() {
            *expected
                .entry((grade(&pair[0]), grade(&pair[1])))
                .or_insert(0) += 1;
        }
        for (model, challenger) in (0..8).flat_map(|m| (0..8).map(move |c| (m, c))) {
            let expected = expected.get(&(model, challenger)).copied().unwrap_or(0);
            assert_eq!(counted.of(model.into(), challenger.into()), expected);
        }
    };
    engine.set_rules(START + 1, beside).unwrap();
    let output = engine.advance(START + 1).unwrap();
    assert!(output.changes.is_empty(), "the challenger decides nothing");
    counted.add(&output.graded);
    check(&counted);
    let mut loader = engine.loader();
    for step in 0..6i32 {
        let diff = if step % 2 == 0 { 1 } else { -1 };
        for number in 0..40 {
            loader.add(
                &observed(enterprise(number * 2), SIGNAL, NEVER, 30_000),
                diff,
            );
        }
        loader.add(&registered(900), diff);
        loader.flush();
        counted.add(&engine.advance(START + 2 + step as u64).unwrap().graded);
        check(&counted);
    }
    engine.set_rules(START + 20, champion.clone()).unwrap();
    counted.add(&engine.advance(START + 20).unwrap().graded);
    assert_eq!(counted, Graded::default());
}

#[test]
fn rules_tell_of_whom_they_ask_for_and_others_only_when_they_change() {
    let engine = filled(2);
    let same = Rules::new(plan(), model(&plan(), 0)).unwrap();
    let telling = same.telling(Arc::new(|key, _| key == enterprise(7)));
    engine.set_rules(START + 1, telling).unwrap();
    let output = engine.advance(START + 1).unwrap();
    let told: Vec<_> = output
        .changes
        .iter()
        .map(|c| (c.enterprise, c.old == c.new))
        .collect();
    assert_eq!(told, [(enterprise(7), true)]);
    assert!(engine.advance(START + 2).unwrap().changes.is_empty());
}

#[test]
fn rules_for_other_ground_are_refused() {
    let engine = filled(1);
    let mut other = plan();
    other.groups.pop();
    let rules = Rules::new(other, model(&plan(), 0)).unwrap();
    assert!(matches!(
        engine.set_rules(START + 1, rules.clone()),
        Err(EngineError::Ground(_))
    ));
    let refused = engine.survey(&[rules], || Box::new(|_, _, _| {}));
    assert!(matches!(refused, Err(EngineError::Ground(_))));
    let mut unknown = plan();
    unknown.features[0].measure.slots = vec![99];
    assert!(matches!(
        Rules::new(unknown, model(&plan(), 0)),
        Err(EngineError::Plan(_))
    ));
}
