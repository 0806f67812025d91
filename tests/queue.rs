//! Whom an office checks: the highest scores and a declared share at random, and
//! what the outcomes of both say of all enterprises.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use support::World;
use support::codes::code;

const ALL: u32 = 120;

/// Many enterprises; a third of them really raise money, and complaints tell half
/// of those.
fn city() -> World {
    let world = World::new();
    let (mut rows, mut tickets) = (String::new(), String::new());
    for n in 1..=ALL {
        rows += &format!("{},企业{n}有限公司,人{n},10万,,2024-05-01\n", code(n));
        for ticket in 0..(if really(n) && n % 2 == 0 { 3 } else { n % 2 }) {
            tickets += &format!("T{n}-{ticket},企业{n}有限公司,保本返利,2025-06-01,\n");
        }
    }
    world.deliver("msa/registration/all", &rows);
    world.deliver("12345/ticket/all", &tickets);
    let from = "[clock]";
    world.edit(
        "tocsin.toml",
        from,
        &format!("[queue]\naudit_share = 0.4\n\n{from}"),
    );
    world.run_once("data");
    world
}

fn really(n: u32) -> bool {
    n.is_multiple_of(3)
}

fn queue(world: &World, data: &str, arguments: &[&str]) -> Value {
    let ran = world.tocsin(data, &[&["queue", "--json"], arguments].concat());
    serde_json::from_str(&ran.ok().out).unwrap()
}

fn ids(queue: &Value, why: &str) -> Vec<String> {
    let places = queue["places"].as_array().unwrap().iter();
    let of = places.filter(|place| place["why"] == why);
    of.map(|place| place["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_queue_is_drawn_once_a_day_and_outcomes_are_weighed_by_its_chances() {
    let world = city();
    let first = queue(&world, "data", &["--capacity", "20"]);
    let highest = ids(&first, "yield");
    let drawn = ids(&first, "audit");
    assert_eq!((highest.len(), drawn.len()), (12, 8));
    let chance = &first["places"][19];
    assert_eq!(
        (&chance["drawn"], &chance["of"]),
        (&8.into(), &(ALL - 12).into())
    );
    let scores = world.scores("data");
    let top: BTreeSet<&str> = scores.lines().skip(1).take(12).map(|l| &l[..18]).collect();
    let least = support::log_odds(&scores, highest.last().unwrap());
    assert!(top.iter().all(|id| support::log_odds(&scores, id) >= least));

    // The same again, also from the state alone; another size would be another draw.
    assert_eq!(queue(&world, "data", &["--capacity", "20"]), first);
    std::fs::remove_dir_all(world.path("queues")).unwrap();
    assert_eq!(queue(&world, "data", &["--capacity", "20"]), first);
    let other = world.tocsin("data", &["queue", "--capacity", "21"]);
    assert_eq!(other.code, Some(1));
    assert!(
        other.err.contains("a second draw would change the chances"),
        "{}",
        other.err
    );
    assert!(
        other
            .err
            .contains("allowed are --capacity 20 and audit_share = 0.4"),
        "{}",
        other.err
    );

    let nowhere = world.tocsin(
        "data",
        &["queue", "--capacity", "5", "--district", "无此区"],
    );
    assert!(
        nowhere.err.contains("no enterprise lies in"),
        "{}",
        nowhere.err
    );

    // The checks end.
    world.set_day("2025-07-15");
    let ended = |n: u32| ["未发现", "认定非法集资"][usize::from(really(n))];
    let checked = (1..=ALL).filter(|n| highest.contains(&code(*n)) || drawn.contains(&code(*n)));
    let rows: String = checked
        .map(|n| format!("H{n},{},{}\n", code(n), ended(n)))
        .collect();
    world.deliver("finance-office/outcome/july", &rows);
    world.run_once("data");
    let said = world.tocsin("data", &["evaluate", "--folds", "2"]).ok().out;
    assert!(
        said.contains("queues: 20 places, 20 checked, 8 of those drawn at random"),
        "{said}"
    );
    let line = said
        .lines()
        .find(|line| line.starts_with("share of positives "))
        .unwrap();
    let figures: Vec<f64> = line
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let told = world.tocsin("data", &["evaluate", "--folds", "2", "--json"]);
    let told: Value = serde_json::from_str(&told.ok().out).unwrap();
    assert_eq!(told["audited"]["places"], 20);
    assert_eq!(told["audited"]["drawn"], 8);
    let naive_told = told["audited"]["figures"][0]["naive"].as_f64().unwrap();
    assert!((naive_told - figures[0]).abs() < 1e-3, "{told}");
    let hits = |ids: &[String]| {
        let number = |id: &String| (1..=ALL).find(|n| code(*n) == *id).unwrap();
        ids.iter().filter(|id| really(number(id))).count() as f64
    };
    let naive = (hits(&highest) + hits(&drawn)) / 20.0;
    let weighted = (hits(&highest) + hits(&drawn) * f64::from(ALL - 12) / 8.0) / f64::from(ALL);
    assert!((figures[0] - naive).abs() < 1e-3, "{line}");
    assert!((figures[1] - weighted).abs() < 1e-3, "{line}");
    assert!(
        naive > weighted,
        "those who were suspected are no sample: {line}"
    );

    // Who was checked is not asked for again.
    let next = queue(&world, "data", &["--capacity", "20"]);
    assert_eq!(next["pool"], ALL - 20);
    let again: Vec<String> = [ids(&next, "yield"), ids(&next, "audit")].concat();
    assert!(
        again
            .iter()
            .all(|id| !highest.contains(id) && !drawn.contains(id))
    );
    world.verify("data");
}

#[test]
fn a_share_out_of_bounds_is_a_fault_with_its_line() {
    let world = city();
    world.edit("tocsin.toml", "audit_share = 0.4", "audit_share = 0.7");
    let ran = world.tocsin("data", &["queue", "--capacity", "5"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(
        ran.err.contains("queue.audit_share") && ran.err.contains("0 to 0.5"),
        "{}",
        ran.err
    );
}

#[test]
fn a_queue_of_more_places_than_enterprises_is_the_same_when_asked_for_again() {
    let world = city();
    let whole = queue(&world, "data", &["--capacity", "500"]);
    assert_eq!(whole["places"].as_array().unwrap().len(), ALL as usize);
    assert_eq!(queue(&world, "data", &["--capacity", "500"]), whole);
    let other = world.tocsin("data", &["queue", "--capacity", "120"]);
    assert!(other.err.contains("--capacity 500"), "{}", other.err);
}
