//! Why, why now, why not: what an official asks of a score, over the command line
//! and HTTP.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use support::codes::code;
use support::http::get;
use support::town::{NAME_3, town};
use support::{Ran, World};

const ALL: std::ops::RangeInclusive<u32> = 1..=4;

/// What every enterprise's score was explained by, on each day.
type Seen = Vec<(String, BTreeMap<u32, Value>)>;

/// A town over half a year: on each day something else arrives.
fn months() -> (World, Seen) {
    let world = town();
    let mut seen = Vec::new();
    let days: [(&str, &[(&str, String)]); 5] = [
        ("2025-06-30", &[]),
        (
            "2025-07-10",
            &[
                (
                    "12345/ticket/july",
                    format!("T3,{NAME_3},保本付息,2025-07-08,\n"),
                ),
                // A correction, a withdrawal.
                (
                    "msa/penalty/july",
                    format!("P1,{},,90000,2025-03-01,\n", code(1)),
                ),
                (
                    "12345/ticket/gone",
                    format!("T1,{NAME_3},承诺保本返利,2025-06-01,D\n"),
                ),
                (
                    "pbc/lead/july",
                    "L2,B1,0.6,2025-06-02,D\nL3,A1,0.9,2025-07-01,\n".to_owned(),
                ),
            ],
        ),
        (
            "2025-08-01",
            &[(
                "hrss/insured/july",
                format!("{},2025-07,3,2025-07-31,\n", code(1)),
            )],
        ),
        // Nothing arrives: windows end.
        ("2025-12-20", &[]),
        (
            "2026-04-01",
            &[(
                "12345/ticket/later",
                format!("T9,{NAME_3},保本返利,2026-03-30,\n"),
            )],
        ),
    ];
    for (day, deliveries) in days {
        world.set_day(day);
        for (file, rows) in deliveries {
            world.deliver(file, rows);
        }
        world.run_once("data");
        let explained = ALL.map(|n| (n, world.explain("data", &code(n))));
        seen.push((day.to_owned(), explained.collect()));
    }
    (world, seen)
}

fn explain(world: &World, number: u32, arguments: &[&str]) -> Value {
    let id = code(number);
    let ran: Ran = world.tocsin("data", &[&["explain", &id, "--json"], arguments].concat());
    serde_json::from_str(&ran.ok().out).unwrap()
}

/// What of an explanation must be the same, whenever it is asked for.
fn figures(explained: &Value) -> (Value, Value, BTreeMap<String, Value>) {
    let parts = explained["contributions"].as_array().unwrap().iter();
    let parts = parts.map(|part| {
        let mut records: Vec<String> = part["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        records.sort();
        let name = part["feature"].as_str().unwrap().to_owned();
        let what = serde_json::json!([part["value"], part["weight"], part["bin"], records]);
        (name, what)
    });
    (
        explained["log_odds"].clone(),
        explained["level"].clone(),
        parts.collect(),
    )
}

#[test]
fn a_past_instant_is_explained_as_it_was_explained_then() {
    let (world, seen) = months();
    for (day, explained) in &seen {
        for (number, then) in explained {
            let again = explain(&world, *number, &["--at", day]);
            assert_eq!(figures(&again), figures(then), "{number} on {day}");
        }
    }
    let later = world.tocsin("data", &["explain", &code(1), "--at", "2199-01-01"]);
    assert_eq!(later.code, Some(1));
    assert!(later.err.contains("is not known yet"), "{}", later.err);
    let before = world.tocsin("data", &["explain", &code(1), "--at", "2025-06-01"]);
    assert_eq!(before.code, Some(1));
    assert!(
        before.err.contains("there was no epoch yet"),
        "{}",
        before.err
    );
}

fn weights(explained: &Value) -> BTreeMap<String, i64> {
    let parts = explained["contributions"].as_array().unwrap().iter();
    let weight = |part: &Value| {
        let name = part["feature"].as_str().unwrap().to_owned();
        (name, part["weight"].as_i64().unwrap())
    };
    parts.map(weight).collect()
}

#[test]
fn the_difference_of_any_two_instants_sums_to_that_of_the_scores() {
    let (world, seen) = months();
    for (from, (since, then)) in seen.iter().enumerate() {
        for (at, now) in &seen[from + 1..] {
            for number in ALL {
                let change = explain(&world, number, &["--since", since, "--at", at]);
                let scores = [then, now].map(|on| on[&number]["log_odds"].as_i64().unwrap());
                let parts = change["differences"].as_array().unwrap();
                let sum: i64 = parts
                    .iter()
                    .map(|part| part["weight"].as_i64().unwrap())
                    .sum();
                assert_eq!(sum, scores[1] - scores[0], "{number} from {since} to {at}");
                assert_eq!(change["log_odds"], sum);
                assert_eq!(change["since"]["published"], scores[0]);
                assert_eq!(change["at"]["published"], scores[1]);
                assert_eq!(change["by_rules"], 0);
                let (before, after) = (weights(&then[&number]), weights(&now[&number]));
                for part in parts {
                    let name = part["feature"].as_str().unwrap();
                    assert_eq!(part["weight"], after[name] - before[name]);
                }
            }
        }
    }
}

/// What became of which record, by feature.
fn moved(change: &Value, feature: &str) -> Vec<(String, String)> {
    let parts = change["differences"].as_array().unwrap();
    let part = parts.iter().find(|part| part["feature"] == feature);
    let records = part.unwrap()["records"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    records
        .map(|r| (text(&r["why"]), text(&r["record"]["key"])))
        .collect()
}

#[test]
fn records_that_came_went_and_expired_are_told_apart() {
    let (world, _) = months();
    let told = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(why, key)| ((*why).to_owned(), (*key).to_owned()))
            .collect()
    };
    let july = explain(&world, 3, &["--since", "2025-06-30", "--at", "2025-07-10"]);
    let complaints = moved(&july, "complaints");
    assert_eq!(complaints, told(&[("came", "T3"), ("withdrawn", "T1")]));
    let penalties = explain(&world, 1, &["--since", "2025-06-30", "--at", "2025-07-10"]);
    let amounts = moved(&penalties, "penalty_amount");
    assert_eq!(amounts, told(&[("came", "P1"), ("corrected", "P1")]));
    let leads = moved(&penalties, "fan_in");
    assert_eq!(leads, told(&[("came", "L3"), ("withdrawn", "L2")]));
    let autumn = explain(&world, 3, &["--since", "2025-08-01", "--at", "2025-12-20"]);
    assert_eq!(moved(&autumn, "complaints"), told(&[("expired", "T2")]));
    // Until now, as text.
    let text = world
        .tocsin("data", &["explain", NAME_3, "--since", "2025-12-20"])
        .ok()
        .out;
    assert!(text.contains("来了 came") && text.contains("T9"), "{text}");
    assert!(
        text.contains("the difference of the scores to the last digit"),
        "{text}"
    );
    let turned = world.tocsin("data", &["explain", NAME_3, "--since", "2026-04-01"]);
    assert!(turned.err.contains("must be before"), "{}", turned.err);
}

#[test]
fn other_rules_are_told_apart_from_other_evidence() {
    let (world, seen) = months();
    let before = seen.last().unwrap().1[&3]["log_odds"].as_i64().unwrap();
    let mut card: Value = serde_json::from_str(&world.read("model.json")).unwrap();
    card["intercept"] = (card["intercept"].as_i64().unwrap() + 250_000).into();
    world.write("model.json", card.to_string());
    world.set_day("2026-04-02");
    world.run_once("data");
    let change = explain(&world, 3, &["--since", "2026-04-01T18:00:00+08:00"]);
    assert_eq!(change["log_odds"], 0, "nothing was said since: {change}");
    assert_eq!(change["by_rules"], 250_000);
    assert_eq!(change["since"]["published"], before);
    assert_eq!(change["at"]["published"], before + 250_000);
}

#[test]
fn the_cheapest_evidence_for_the_next_level_reaches_it() {
    let (world, seen) = months();
    // Log-odds at the thresholds of the model of these tests.
    let thresholds = [
        ("blue", -2_944_439),
        ("yellow", -1_386_294),
        ("orange", -405_465),
    ];
    for number in ALL {
        let explained = world.explain("data", &code(number));
        let next = &explained["next_level"];
        let cheapest = &next["cheapest"];
        assert_eq!(cheapest["exact"], true, "{next}");
        let changes = cheapest["changes"].as_array().unwrap();
        assert!(!changes.is_empty() && changes.len() <= 4, "{next}");
        let gains: i64 = changes
            .iter()
            .map(|change| change["gain"].as_i64().unwrap())
            .sum();
        let level = next["level"].as_str().unwrap();
        let threshold = thresholds
            .iter()
            .find(|(name, _)| *name == level)
            .unwrap()
            .1;
        assert!(
            explained["log_odds"].as_i64().unwrap() + gains >= threshold,
            "{next}"
        );
        assert!(
            changes.iter().all(|change| change["category"] != "R"),
            "{next}"
        );
    }
    let live = world.ready("data");
    let path = format!("/api/v1/enterprises/{}", code(3));
    let change = get(&live.at, &format!("{path}/change?since=2025-12-20"));
    assert_eq!(change.status, 200, "{change:?}");
    let complaints = moved(&change.json(), "complaints");
    let told = [("came", "T9"), ("expired", "T3")];
    assert_eq!(
        complaints,
        told.map(|(why, key)| (why.to_owned(), key.to_owned()))
    );
    let then = get(&live.at, &format!("{path}/explanation?at=2025-07-10")).json();
    assert_eq!(figures(&then), figures(&seen[1].1[&3]));
    let wrong = get(&live.at, &format!("{path}/change?since=gestern"));
    assert_eq!(wrong.status, 400, "{wrong:?}");
    let page = get(
        &live.at,
        &format!("/enterprises/{}?since=2025-12-20", code(3)),
    )
    .body;
    for part in ["来了", "为何未到下一级", "已考虑所有组合"] {
        assert!(page.contains(part), "`{part}` is not on the page");
    }
    live.stop();
}
