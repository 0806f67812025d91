//! Other rules while the pipeline runs: one epoch with its cause, refused whole
//! when wrong, the same after a kill, and what `whatif` had foretold.

use super::super::rules::{Outcome, RULES_EPOCH};
use super::*;
use crate::whatif::{Answer, Move, Proposal};
use tocsin_alerts::level::Level;
use tocsin_alerts::lifecycle::{AlertEvent, Cause};
use tocsin_alerts::store::{EpochCommit, HistoryRow};

const FINES_HEADER: &str = "no,id,x,day,op\n";

/// A town in which `a` is fined once and `b` twice; both stand at red.
fn fined() -> (Town, Pipeline) {
    let town = Town::new();
    let mut pipeline = town.open();
    let fines = format!("{FINES_HEADER}1,a,2,2020-01-04,\n2,b,1,2020-01-04,\n3,b,1,2020-01-04,\n");
    town.write("landing/fines/1.csv", &fines);
    town.poll(&mut pipeline);
    (town, pipeline)
}

fn edit(town: &Town, name: &str, from: &str, to: &str) {
    let path = town.folder.path().join(name);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {name}");
    town.write(name, &text.replace(from, to));
}

fn told(town: &Town, pipeline: &Pipeline, after: u64) -> Vec<AlertEvent> {
    let events = pipeline.view.store.events_after(after, 1_000);
    let events = town.runtime.block_on(events).unwrap();
    events.into_iter().map(|event| event.event).collect()
}

fn published(town: &Town, pipeline: &Pipeline) -> Vec<([u8; 16], i64, Level)> {
    let latest = crate::history::latest(pipeline.view(), town.runtime.handle()).unwrap();
    let line = |(key, row): ([u8; 16], HistoryRow)| (key, row.log_odds, row.level);
    let mut lines: Vec<_> = latest.into_iter().map(line).collect();
    lines.sort();
    lines
}

fn asked(pipeline: &Pipeline, set: &[&str]) -> Answer {
    let set = set.iter().map(|pair| (*pair).to_owned()).collect();
    let proposal = Proposal {
        set,
        ..Proposal::default()
    };
    pipeline.whatif(&proposal).unwrap().finish().unwrap()
}

#[test]
fn changed_levels_count_at_once_as_one_epoch() {
    let (town, mut pipeline) = fined();
    let (epoch, sequence) = (pipeline.last_epoch, told(&town, &pipeline, 0).len() as u64);
    assert_eq!(pipeline.reload().unwrap(), Outcome::Same);
    // One category is not enough for more than blue now.
    let levels = "[levels]\nmin_categories = { blue = 0, yellow = 3, orange = 3, red = 3 }\n";
    edit(&town, "tocsin.toml", "[levels]\n", levels);
    let outcome = pipeline.reload().unwrap();
    let expected = epoch + 1;
    assert!(matches!(outcome, Outcome::Applied { epoch, .. } if epoch == expected));
    let events = told(&town, &pipeline, sequence);
    assert!(!events.is_empty());
    for event in &events {
        assert_eq!((event.cause, event.epoch), (Cause::Model, epoch + 1));
        assert_eq!((event.kind, event.after), (EventType::Lowered, Level::Blue));
    }
    town.verify(&pipeline);
    assert_eq!(pipeline.reload().unwrap(), Outcome::Same);
    // A restart finds the rules that are in force.
    let pipeline = town.reopen(pipeline);
    assert_eq!(pipeline.last_epoch, epoch + 1);
}

#[test]
fn other_features_and_another_model_come_into_force_together() {
    let (town, mut pipeline) = fined();
    let before = published(&town, &pipeline);
    let counted = "from = \"A2\"\naggregate = \"count\"";
    edit(
        &town,
        "features.toml",
        counted,
        "from = \"A2\"\naggregate = \"sum\"",
    );
    town.write(
        "model.json",
        &model().replace("\"intercept\": -4000000", "\"intercept\": -5000000"),
    );
    assert!(matches!(
        pipeline.reload().unwrap(),
        Outcome::Applied { .. }
    ));
    town.verify(&pipeline);
    let live = published(&town, &pipeline);
    assert_ne!(live, before);
    // As if it had never been otherwise.
    let mut fresh = Pipeline::open(
        Arc::clone(pipeline.settings()),
        Options {
            data: town.folder.path().join("fresh"),
            ..town.options()
        },
        town.runtime.handle().clone(),
    )
    .unwrap();
    while fresh.poll(true).unwrap().is_some() {}
    assert_eq!(published(&town, &fresh), live);
    // One feature fewer, and a model without it.
    let features: Vec<_> = FEATURES.iter().filter(|f| f.0 != "size").collect();
    let text: String = features
        .iter()
        .map(|(name, category, from, aggregate)| format!("[[feature]]\nname = \"{name}\"\ncategory = \"{category}\"\nfrom = \"{from}\"\naggregate = \"{aggregate}\"\n"))
        .collect();
    town.write("features.toml", &text);
    let Outcome::Refused(faults) = pipeline.reload().unwrap() else {
        panic!("the model is for another feature");
    };
    assert!(
        faults[0].contains("`size` is in the scorecard, not configured"),
        "{faults:?}"
    );
    let mut card: serde_json::Value = serde_json::from_str(&model()).unwrap();
    card["features"].as_array_mut().unwrap().pop();
    town.write("model.json", &card.to_string());
    assert!(matches!(
        pipeline.reload().unwrap(),
        Outcome::Applied { .. }
    ));
    assert_eq!(pipeline.view.refusal(), None);
    town.verify(&pipeline);
    town.verify(&town.reopen(pipeline));
}

#[test]
fn wrong_rules_are_refused_whole_and_those_in_force_stay() {
    let (town, mut pipeline) = fined();
    let (epoch, version) = (pipeline.last_epoch, pipeline.in_force.version());
    let refused = |pipeline: &mut Pipeline, town: &Town, parts: &[&str]| {
        let Outcome::Refused(faults) = pipeline.reload().unwrap() else {
            panic!("not refused: {parts:?}");
        };
        let all = faults.join("\n");
        for part in parts {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert_eq!(pipeline.view.refusal().unwrap().faults, faults);
        town.verify(pipeline);
    };
    let good = std::fs::read_to_string(town.folder.path().join("tocsin.toml")).unwrap();
    let wrong = good.replace(
        "hysteresis_days = 7",
        "hysteresis_days = 999\nrealert_points = 0",
    );
    town.write("tocsin.toml", &wrong);
    refused(&mut pipeline, &town, &["999", "realert_points"]);
    town.write("tocsin.toml", &good);
    assert_eq!(pipeline.reload().unwrap(), Outcome::Same);
    assert_eq!(pipeline.view.refusal(), None);
    // What records say is read at the start alone; nothing of it is half applied.
    edit(
        &town,
        "sources/two/fines.toml",
        "value = \"x\"",
        "value = \"x * 2\"",
    );
    town.write(
        "sources/two/new.toml",
        &SHOTS.replace("A3", "A4").replace("\"r\"", "\"s\""),
    );
    edit(
        &town,
        "tocsin.toml",
        "hysteresis_days = 7",
        "hysteresis_days = 3",
    );
    refused(
        &mut pipeline,
        &town,
        &["needs a restart: source `two/fines` is declared otherwise"],
    );
    assert_eq!(pipeline.settings().policy.hysteresis_days, 7);
    assert_eq!(
        (pipeline.last_epoch, pipeline.in_force.version()),
        (epoch, version)
    );
}

#[test]
fn a_challenger_is_counted_beside_the_model_and_decides_nothing() {
    let (town, mut pipeline) = fined();
    let events = told(&town, &pipeline, 0).len();
    let before = published(&town, &pipeline);
    town.write("other.json", &model().replace("9000000", "1000"));
    edit(
        &town,
        "tocsin.toml",
        "[model]\n",
        "[model]\nchallenger = \"other.json\"\n",
    );
    assert!(matches!(
        pipeline.reload().unwrap(),
        Outcome::Applied { events: 0, .. }
    ));
    assert_eq!(told(&town, &pipeline, 0).len(), events);
    assert_eq!(published(&town, &pipeline), before);
    let check = |pipeline: &Pipeline, fined: i64| {
        let standings = pipeline.view.standings();
        assert_eq!(standings.challenger, pipeline.in_force.challenger_version());
        let (champion, challenger) = standings.graded.totals();
        assert_eq!(champion.iter().sum::<i64>(), 2);
        assert_eq!((champion[0], challenger[0]), (2 - fined, 2));
        assert_eq!(standings.graded.differing(), fined);
    };
    check(&pipeline, 2);
    let rival = explained(&pipeline, "a").unwrap().challenger.unwrap();
    assert_eq!(rival.level, "none");
    // Records count for both, also when they are taken back, and after a restart.
    town.write("landing/fines/2.csv", &format!("{FINES_HEADER}1,,,,D\n"));
    town.poll(&mut pipeline);
    check(&pipeline, 1);
    let mut pipeline = town.reopen(pipeline);
    check(&pipeline, 1);
    edit(&town, "tocsin.toml", "challenger = \"other.json\"\n", "");
    assert!(matches!(
        pipeline.reload().unwrap(),
        Outcome::Applied { .. }
    ));
    assert_eq!(pipeline.view.standings(), Default::default());
}

#[test]
fn a_kill_within_an_epoch_of_rules_changes_nothing() {
    let run = |killed: bool| {
        let (town, mut pipeline) = fined();
        let levels = "[levels]\nmin_categories = { blue = 0, yellow = 3, orange = 3, red = 3 }\n";
        edit(&town, "tocsin.toml", "[levels]\n", levels);
        if killed {
            // As a reload begins; and then the process is gone.
            let (id, time_ms) = (
                pipeline.last_epoch + 1,
                pipeline.clock.now_ms(pipeline.last_time_ms),
            );
            let commit = EpochCommit {
                id,
                time_ms,
                kind: RULES_EPOCH.into(),
                ..EpochCommit::default()
            };
            pipeline.commit(commit).unwrap();
            drop(pipeline);
            pipeline = town.open();
        } else {
            pipeline.reload().unwrap();
        }
        town.verify(&pipeline);
        let told = told(&town, &pipeline, 0);
        let file = std::fs::read_to_string(town.options().data.join("alerts.ndjson")).unwrap();
        assert_eq!(file.lines().count(), told.len());
        let epoch = pipeline.last_epoch;
        let again = town.reopen(pipeline);
        assert_eq!(again.last_epoch, epoch, "once is enough");
        (told, published(&town, &again), epoch)
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn what_is_foretold_is_what_happens() {
    for set in [
        "levels.thresholds={}",
        "levels.thresholds.yellow=50",
        "levels.min_categories.orange=3",
        "levels.min_agencies.red=3",
        "feature.fined.weight=0.3",
        "feature.fined.cap=3.2",
        "feature.shots.hard_trigger=true",
        "model.intercept=-9.5",
    ] {
        let (town, mut pipeline) = fined();
        // Below the levels by its figures, held by the hysteresis alone.
        town.set_clock("2020-01-15T12:00:00+08:00");
        town.poll(&mut pipeline);
        town.write(
            "landing/fines/9.csv",
            &format!("{FINES_HEADER}8,a,1,2020-01-14,\n"),
        );
        town.poll(&mut pipeline);
        let before = told(&town, &pipeline, 0).len() as u64;
        if set.ends_with("{}") {
            let proposal = Proposal {
                set: vec![set.to_owned(), "feature.none.weight=1".into(), "x".into()],
                ..Proposal::default()
            };
            let faults = pipeline.whatif(&proposal).err().unwrap();
            assert_eq!(faults.len(), 3, "{faults:?}");
            continue;
        }
        let answer = asked(&pipeline, &[set]);
        assert_eq!(
            told(&town, &pipeline, 0).len() as u64,
            before,
            "nothing is touched"
        );
        let then = Proposal {
            set: vec![set.to_owned()],
            ..Proposal::default()
        };
        let next = then.over(&pipeline.in_force).unwrap();
        pipeline.apply(next).unwrap();
        let mut happened: Vec<(String, &str, Level)> = told(&town, &pipeline, before)
            .into_iter()
            .filter(|event| event.before != event.after)
            .map(|event| (event.assessment.id, event.kind.name(), event.after))
            .collect();
        let foretold = answer.listed.iter().map(|moved| {
            let kind = match moved.change {
                Move::Closed => "retracted",
                change => change.name(),
            };
            (moved.id.clone(), kind, moved.then)
        });
        let mut foretold: Vec<_> = foretold.collect();
        happened.sort();
        foretold.sort();
        assert_eq!(foretold, happened, "{set}");
        let moves = answer.moves;
        let counted = moves.opened + moves.raised + moves.lowered + moves.closed;
        assert_eq!(counted as usize, foretold.len());
        assert_eq!(answer.enterprises, 2);
    }
}
