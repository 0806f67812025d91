//! An official relies on it: what a lead says at one glance follows from the
//! records and the declarations, is the same in JSON, text and page, and goes when
//! the records go.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::World;
use support::codes::code;
use support::http::get;
use support::town::town;

const SIGNALS: &str = r#"
[[signal]]
id = "A4"
title = "许可证被吊销"
category = "A"
elements = ["非法性"]
typologies = ["fund"]
citation = "国务院令第737号 第九条"

[[signal]]
id = "A5"
title = "行政处罚"
category = "A"
elements = ["非法性"]
typologies = ["fund", "care"]
citation = "国务院令第737号 第八条"

[[signal]]
id = "C2"
title = "负面舆情"
category = "C"
elements = ["社会性", "公开性"]
typologies = ["care"]
citation = "国务院令第737号 第十条"

[[signal]]
id = "D1"
title = "自然人集中转入"
category = "D"
elements = ["社会性"]
typologies = ["fund", "care"]
citation = "国务院令第737号 第十三条"

[[signal]]
id = "E1"
title = "涉集资投诉"
category = "E"
elements = ["利诱性"]
typologies = ["care"]
citation = "国务院令第737号 第十六条"

[[signal]]
id = "G4"
title = "同一法定代表人"
category = "G"
citation = "国务院令第737号 第八条"

[[typology]]
id = "fund"
title = "假借基金"

[[typology]]
id = "care"
title = "养老服务"

[[threshold]]
title = "追究刑事责任"
citation = "法释〔2022〕5号 第三条第一款"
amount = 1000000
people = 150

[[threshold]]
title = "追究刑事责任(有前科)"
citation = "法释〔2022〕5号 第三条第二款"
amount = 500000
signal = "A4"
"#;

/// The town, whose leads say how much came in at most and whose tickets are of one
/// person each.
fn measured_town() -> World {
    let world = town();
    world.write("signals.toml", SIGNALS);
    world.edit(
        "tocsin.toml",
        "features = \"features.toml\"\n",
        "features = \"features.toml\"\nsignals = \"signals.toml\"\n",
    );
    let quantity = |of: &str, says: &str, value: &str| {
        format!("\n[[quantity]]\nof = \"{of}\"\nsays = \"{says}\"\nvalue = \"{value}\"\n")
    };
    let inflow = quantity("amount", "at_most", "可信度 * 100000000.0");
    world.append("sources/pbc/lead.toml", inflow);
    world.append(
        "sources/12345/ticket.toml",
        quantity("people", "at_least", "1"),
    );
    world
}

fn extent<'a>(explanation: &'a Value, quantity: &str) -> &'a Value {
    let extents = explanation["brief"]["extent"].as_array().unwrap();
    extents
        .iter()
        .find(|extent| extent["quantity"] == quantity)
        .unwrap()
}

fn distances(explanation: &Value) -> Vec<(&str, &str, &Value, &Value)> {
    let thresholds = explanation["brief"]["thresholds"].as_array().unwrap();
    thresholds
        .iter()
        .map(|distance| {
            (
                distance["quantity"].as_str().unwrap(),
                distance["state"].as_str().unwrap(),
                &distance["missing_at_least"],
                &distance["missing_at_most"],
            )
        })
        .collect()
}

#[test]
fn the_distance_to_each_threshold_is_an_interval_of_what_records_say() {
    let world = measured_town();
    world.run_once("data");
    // L1 says of its account that at most 800,000 yuan came in.
    let one = world.explain("data", &code(1));
    let amount = extent(&one, "amount");
    // L2 is about a person who represents it: it may be its money, too.
    assert_eq!(
        (&amount["at_least"], &amount["at_most"]),
        (&json!(null), &json!(1_400_000.0))
    );
    assert_eq!(amount["said_by"][0]["source"], "pbc/lead");
    assert_eq!(
        distances(&one),
        [
            ("amount", "possible", &json!(0.0), &json!(null)),
            ("people", "unknown", &json!(null), &json!(null)),
        ]
    );
    // Two people complained of enterprise 3.
    let three = world.explain("data", &code(3));
    assert_eq!(
        distances(&three),
        [
            ("amount", "unknown", &json!(null), &json!(null)),
            ("people", "unknown", &json!(null), &json!(148.0)),
        ]
    );
    // The lower threshold counts for who has lost its licence.
    let four = world.explain("data", &code(4));
    assert_eq!(distances(&four).len(), 3, "{four}");

    // What is taken back says nothing any more.
    world.deliver(
        "pbc/lead/later",
        "L2,B1,0.6,2025-06-02,D\nL1,A1,0.5,2025-06-01,\n",
    );
    world.run_once("data");
    let one = world.explain("data", &code(1));
    assert_eq!(extent(&one, "amount")["at_most"], json!(500_000.0));
    assert_eq!(
        distances(&one)[0],
        ("amount", "below", &json!(500_000.0), &json!(null))
    );
    world.verify("data");
}

#[test]
fn what_is_missing_says_what_to_look_for_and_who_has_it() {
    let world = measured_town();
    world.run_once("data");
    let three = world.explain("data", &code(3));
    let brief = &three["brief"];
    let likely = &brief["typologies"][0];
    assert_eq!(
        (&likely["id"], &likely["title"]),
        (&json!("care"), &json!("养老服务"))
    );
    let shares = brief["typologies"].as_array().unwrap().iter();
    let all: f64 = shares
        .map(|typology| typology["share"].as_f64().unwrap())
        .sum();
    assert!((all - 100.0).abs() < 0.2, "{brief}");
    let four = world.explain("data", &code(4));
    let missing: Vec<&str> = four["brief"]["elements"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|element| element["evidenced"] == json!(false))
        .map(|element| element["name"].as_str().unwrap())
        .collect();
    let checks = four["brief"]["next_checks"].as_array().unwrap();
    assert!(
        missing.contains(&"利诱性") && !missing.contains(&"非法性"),
        "{four}"
    );
    let asked = checks
        .iter()
        .find(|check| check["missing"] == "利诱性")
        .unwrap();
    assert_eq!(
        (&asked["look_for"], &asked["title"]),
        (&json!("E1"), &json!("涉集资投诉"))
    );
    assert_eq!(asked["ask"][0]["source"], "12345/ticket");
    // Nobody is sent for what is there.
    for check in checks {
        let name = check["missing"].as_str().unwrap();
        assert!(missing.contains(&name), "{check}");
    }
}

#[test]
fn terminal_page_and_api_say_the_same() {
    let world = measured_town();
    world.run_once("data");
    let told = world.tocsin("data", &["explain", &code(3)]).ok().out;
    let expected = world.explain("data", &code(3))["brief"].clone();
    let live = world.ready("data");
    let path = format!("/api/v1/enterprises/{}/explanation", code(3));
    assert_eq!(get(&live.at, &path).json()["brief"], expected);
    let page = get(&live.at, &format!("/enterprises/{}", code(3))).body;
    let lines = [
        "疑似类型  养老服务 (care)",
        "吸收对象人数 people: 至少 at least 2 人",
    ];
    for line in lines {
        assert!(told.contains(line), "`{line}` is not in:\n{told}");
        // The page says it in one language.
        let said = line.split("  ").last().unwrap();
        let said = said.replace(" people: 至少 at least", ": 至少");
        assert!(page.contains(&said), "`{said}` is not on the page");
    }
    for word in ["追究刑事责任", "风险线索,非认定"] {
        assert!(told.contains(word) && page.contains(word), "{word}");
    }
    let page = get(&live.at, &format!("/enterprises/{}", code(4))).body;
    assert!(page.contains("下一步核查") && page.contains("12345/ticket"));
    let alerts = get(&live.at, "/api/v1/alerts?status=open").json();
    for alert in alerts["alerts"].as_array().unwrap() {
        let id = alert["id"].as_str().unwrap();
        let whole = get(&live.at, &format!("/api/v1/alerts/{id}")).json();
        assert_eq!(
            whole["brief"]["elements"].as_array().unwrap().len(),
            4,
            "{whole}"
        );
    }
}

#[test]
fn a_quantity_that_is_none_is_refused_with_its_line() {
    let world = measured_town();
    world.append(
        "sources/pbc/lead.toml",
        "\n[[quantity]]\nof = \"gold\"\nsays = \"about\"\nvalue = \"可信度度\"\n",
    );
    let ran = world.tocsin("data", &["run", "--once"]);
    assert_eq!(ran.code, Some(2));
    for part in [
        "allowed are amount, people, loss",
        "allowed are at_least, at_most",
        "可信度度",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}
