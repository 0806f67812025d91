//! Features that remember more than sums: what fades, what was last, and what
//! several report. Through the program, against fresh runs.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::codes::code;
use support::town::town;
use support::{World, line_of, model};

const HISTORY: &str = r#"
[[feature]]
name = "greatest_lead"
category = "D"
from = "D1"
aggregate = "maximum"

[[feature]]
name = "last_penalty"
category = "A"
from = "A5"
aggregate = "days_since"

[[feature]]
name = "cases"
category = "A"
from = "A7"
aggregate = "count"

[[feature]]
name = "amount_per_penalty"
category = "R"
from = "A5"
aggregate = "sum"
per = { from = "A5", aggregate = "count" }
"#;

/// A source of cases as one of two agencies delivers them.
fn cases(agency: &str) -> String {
    format!(
        "agency = \"{agency}\"\nresource = \"案件\"\nbasis = \"国务院令第737号 第八条\"\n\
         path = \"{agency}/*.csv\"\nmode = \"upsert\"\nkey = [\"序号\"]\nwithdrawn = \"op = 'D'\"\n\
         [columns]\n\"序号\" = \"text\"\n\"案件编号\" = \"text\"\n\"代码\" = \"uscc\"\n\"日期\" = \"date\"\nop = \"text\"\n\
         [enterprise]\nuscc = \"代码\"\n\
         [[signal]]\nkind = \"A7\"\ndate = \"日期\"\ndistinct = [\"案件编号\"]\n"
    )
}

/// The town, whose complaints fade, with two agencies that report cases.
fn old_town() -> World {
    let world = town();
    world.edit(
        "features.toml",
        "from = \"E1\"\naggregate = \"count\"",
        "from = \"E1\"\naggregate = \"count\"\nhalf_life = \"10d\"",
    );
    for agency in ["公安局", "法院"] {
        world.write(&format!("sources/{agency}/case.toml"), cases(agency));
    }
    let features = world.read("features.toml") + HISTORY;
    world.write("features.toml", &features);
    world.write("model.json", model::sensitive(&features));
    world
}

fn report(world: &World, agency: &str, rows: &[String]) {
    let name = format!("landing/{agency}/cases.csv");
    if !world.path(&name).exists() {
        world.append(&name, "序号,案件编号,代码,日期,op\n");
    }
    world.append(&name, rows.join("\n") + "\n");
}

fn contribution(world: &World, number: u32, feature: &str) -> Value {
    let explanation = world.explain("data", &code(number));
    let all = explanation["contributions"].as_array().unwrap();
    let found = all.iter().find(|c| c["feature"] == feature);
    found.unwrap().clone()
}

fn value(world: &World, number: u32, feature: &str) -> f64 {
    let value = &contribution(world, number, feature)["value"];
    value.as_f64().unwrap_or(f64::NAN)
}

#[track_caller]
fn about(found: f64, expected: f64) {
    assert!((found - expected).abs() < 2e-4, "{found} {expected}");
}

#[test]
fn complaints_fade_with_the_days_although_nothing_arrives() {
    let world = old_town();
    let before = world.same_as_fresh("data");
    // Complaints of 1 and 20 June, on 30 June and ten days later.
    let faded = 2f64.powf(-2.9) + 0.5;
    about(value(&world, 3, "complaints"), faded);
    let records = contribution(&world, 3, "complaints")["records"].clone();
    about(records[1]["value"].as_f64().unwrap(), 0.5);
    world.set_day("2025-07-10");
    let after = world.same_as_fresh("data");
    about(value(&world, 3, "complaints"), faded / 2.0);
    assert_ne!(line_of(&before, &code(3)), line_of(&after, &code(3)));
    // It has no facts that age.
    assert_eq!(line_of(&before, &code(4)), line_of(&after, &code(4)));
}

#[test]
fn the_greatest_and_the_last_give_way_when_they_are_withdrawn() {
    let world = old_town();
    world.deliver("pbc/lead/2025", "L3,A1,0.3,2025-06-09,\n");
    world.deliver(
        "msa/penalty/2025",
        &format!("P6,{},,5000,2025-06-20,\n", code(1)),
    );
    world.same_as_fresh("data");
    about(value(&world, 1, "greatest_lead"), 0.8);
    about(value(&world, 1, "last_penalty"), 10.0);
    world.deliver("pbc/lead/2025", "L1,A1,0.8,2025-06-01,D\n");
    world.deliver(
        "msa/penalty/2025",
        &format!("P6,{},,5000,2025-06-20,D\n", code(1)),
    );
    world.same_as_fresh("data");
    // B1's lead of 0.6 passes on by half to the firms of its holder.
    about(value(&world, 1, "greatest_lead"), 0.3);
    about(value(&world, 1, "last_penalty"), 121.0);
    let sum = value(&world, 1, "penalty_amount");
    about(value(&world, 1, "amount_per_penalty"), sum);
    assert!(value(&world, 4, "amount_per_penalty").is_nan());
}

#[test]
fn one_case_that_two_agencies_report_counts_once() {
    let world = old_town();
    let case = |row: &str, case: &str| format!("{row},{case},{},2025-06-01,", code(4));
    report(&world, "公安局", &[case("1", "深公经立1号")]);
    report(
        &world,
        "法院",
        &[case("1", "深公经立1号"), case("2", "深公经立2号")],
    );
    world.same_as_fresh("data");
    about(value(&world, 4, "cases"), 2.0);
    let records = contribution(&world, 4, "cases")["records"].clone();
    let values = records
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["value"].as_f64().unwrap());
    assert_eq!(values.clone().count(), 3);
    about(values.sum(), 2.0);
    // Each of the two may withdraw its report; the other's still counts.
    report(&world, "公安局", &["1,,,,D".to_owned()]);
    world.same_as_fresh("data");
    about(value(&world, 4, "cases"), 2.0);
    report(&world, "法院", &["1,,,,D".to_owned()]);
    world.same_as_fresh("data");
    about(value(&world, 4, "cases"), 1.0);
}

#[test]
fn a_silent_source_lowers_the_confidence_and_no_score() {
    let world = town();
    world.edit(
        "sources/12345/ticket.toml",
        "mode     = \"upsert\"",
        "mode     = \"upsert\"\nfreshness = { warn = \"9d\", error = \"30d\" }",
    );
    world.scores("data");
    let before = world.explain("data", &code(1));
    assert_eq!(before["silent"], Value::Null);
    world.set_day("2025-08-01");
    world.same_as_fresh("data");
    let after = world.explain("data", &code(1));
    assert_eq!(after["silent"][0]["source"], "12345/ticket");
    for unmoved in ["log_odds", "level", "coverage"] {
        assert_eq!(before[unmoved], after[unmoved], "{unmoved}");
    }
    // Nobody has complained of it that one could know of.
    let features = before["contributions"].as_array().unwrap().len() as f64;
    let lost = before["confidence"].as_f64().unwrap() - after["confidence"].as_f64().unwrap();
    assert!((lost - 1.0 / features).abs() < 2e-3, "{lost}");
    let text = world.tocsin("data", &["explain", &code(1)]).ok().out;
    assert!(
        text.contains("silent sources: 12345/ticket since 2025-06-30"),
        "{text}"
    );
}
