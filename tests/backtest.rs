//! An analyst asks what the alerts would have been worth, and cannot be fooled by
//! what was known only later.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::World;
use support::codes::code;

/// Enterprises; every third was illegal fundraising.
const ENTERPRISES: u32 = 240;

fn was_positive(number: u32) -> bool {
    number.is_multiple_of(3)
}

/// How the checks of these enterprises ended.
fn outcomes(numbers: std::ops::RangeInclusive<u32>) -> String {
    let ended = |n| ["未发现", "认定非法集资"][usize::from(was_positive(n))];
    numbers
        .map(|n| format!("H{n},{},{}\n", code(n), ended(n)))
        .collect()
}

/// Complaints about the enterprises that `about` picks, all on one day.
fn complaints(day: &str, op: &str, about: impl Fn(u32) -> bool) -> String {
    let picked = (1..=ENTERPRISES).filter(|number| about(*number));
    picked
        .map(|n| format!("{day}-{n},企业{n}有限公司,保本返利,{day},{op}\n"))
        .collect()
}

/// Registered in May, with complaints about half of the positive. One half was
/// checked in June, the other in July.
fn past() -> World {
    let world = World::new();
    let row = |n| format!("{},企业{n}有限公司,人{n},10万,,2024-05-01\n", code(n));
    let rows: String = (1..=ENTERPRISES).map(row).collect();
    world.set_day("2025-05-10");
    world.deliver("msa/registration/all", &rows);
    let half = |n: u32| was_positive(n) && n.is_multiple_of(2);
    world.deliver("12345/ticket/may", &complaints("2025-05-09", "", half));
    world.run_once("data");
    world.set_day("2025-06-20");
    world.deliver("finance-office/outcome/june", &outcomes(1..=120));
    world.run_once("data");
    world.set_day("2025-07-20");
    world.deliver("finance-office/outcome/july", &outcomes(121..=240));
    world.run_once("data");
    world
}

fn backtest(world: &World, more: &[&str]) -> Value {
    let arguments = ["backtest", "--json"].iter().chain(more);
    let arguments: Vec<&str> = arguments.copied().collect();
    let printed = world.tocsin("data", &arguments).ok();
    serde_json::from_str(&printed.out).unwrap()
}

const JULY: [&str; 8] = [
    "--from",
    "2025-07-01",
    "--to",
    "2025-07-02",
    "--capacity",
    "20",
    "--every",
    "30",
];

#[test]
fn a_model_trained_then_is_held_against_what_came_after() {
    let world = past();
    // July is over.
    world.set_day("2025-08-01");
    world.run_once("data");
    let july = [&JULY[..], &["--retrain"]].concat();
    let found = backtest(&world, &july);
    let period = &found["periods"][0];
    assert_eq!(period["complete"], true);
    // Of 40 positive half had been complained about: those are the first 20.
    assert_eq!(period["trained_on"], serde_json::json!([120, 40]));
    let counts = ["checked", "positive", "top_checked", "top_positive"];
    let counts = counts.map(|count| period[count].as_u64().unwrap());
    assert_eq!(counts, [120, 40, 20, 20]);
    let overall = |figure: &str| found["overall"][figure]["value"].as_f64().unwrap();
    assert_eq!(overall("found"), 1.0);
    assert_eq!(overall("recall"), 0.5);
    assert!((0.7..0.8).contains(&overall("auc")), "{}", overall("auc"));

    // What follows from an outcome, and what is withdrawn since, change nothing.
    world.set_day("2025-08-20");
    let later = complaints("2025-08-19", "", was_positive);
    world.deliver("12345/ticket/later", &later);
    let gone = complaints("2025-05-09", "D", |n| was_positive(n) && n % 2 == 0);
    world.deliver("12345/ticket/withdrawn", &gone);
    world.run_once("data");
    assert_eq!(backtest(&world, &july), found);
}

#[test]
fn a_model_that_knows_the_future_is_refused() {
    let world = past();
    let honest = backtest(&world, &JULY);
    assert_eq!(honest["periods"][0]["trained_on"], Value::Null);
    assert_eq!(honest["periods"][0]["complete"], false);
    let model = world.path("model.json");
    let trained = ["train", "--out", support::text(&model)];
    world.tocsin("data", &trained).ok();
    let arguments = [&["backtest"][..], &JULY].concat();
    let ran = world.tocsin("data", &arguments);
    assert_eq!(ran.code, Some(1));
    for part in ["was trained on what was known on 2025-07-20", "--retrain"] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

#[test]
fn what_arrived_at_once_has_no_past() {
    let world = past();
    let ran = world.tocsin("fresh", &["backtest", "--from", "2025-07-20"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("nothing had arrived before 2025-07-20"),
        "{}",
        ran.err
    );
    let ran = world.tocsin("fresh", &["backtest", "--from", "2025-07-21"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("no day to look back on"), "{}", ran.err);
    let ran = world.tocsin("fresh", &["backtest", "--from", "2025-02-30"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("is no day"), "{}", ran.err);
}

#[test]
fn a_replay_ends_where_the_run_is() {
    let world = past();
    let levels =
        "[levels]\nthresholds = { blue = 6, yellow = 60, orange = 70, red = 80 }\n\n[clock]";
    world.edit("tocsin.toml", "[clock]", levels);
    world.set_day("2025-08-20");
    let gone = complaints("2025-05-09", "D", |n| n.is_multiple_of(12));
    world.deliver("12345/ticket/withdrawn", &gone);
    world.run_once("data");
    world.set_day("2025-08-25");
    let scores = world.scores("data");
    let end = ["--from", "2025-06-01", "--every", "85", "--capacity", "9"];
    let replayed = backtest(&world, &end);
    let last = replayed["periods"].as_array().unwrap().last().unwrap();
    assert_eq!(last["day"], "2025-08-25");
    assert_eq!(last["enterprises"], ENTERPRISES);
    let levels = ["blue", "yellow", "orange", "red"];
    let run = levels.map(|level| {
        let of_level = scores.lines().filter(|line| line.ends_with(level));
        Value::from(of_level.count())
    });
    assert!(run.iter().any(|count| *count != 0), "nobody has a level");
    assert_eq!(last["levels"], Value::from(run.to_vec()));
}
