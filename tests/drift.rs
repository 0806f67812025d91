//! A model at work is watched: what moves, whether probabilities hold, how many
//! alerts there are where.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::fs;
use std::process::Command;
use support::codes::code;
use support::http::get;
use support::{World, text, wait_until};

const CHECKED: u32 = 240;

fn registered(world: &World, numbers: std::ops::RangeInclusive<u32>, file: &str) {
    let rows: String = numbers
        .map(|n| format!("{},企业{n}有限公司,人{n},{n}万,,2024-05-01\n", code(n)))
        .collect();
    world.deliver(&format!("msa/registration/{file}"), &rows);
}

fn model(world: &World, arguments: &[&str]) -> support::Ran {
    let config = world.path("tocsin.toml");
    support::tocsin(&[&["model"], arguments, &["--config", text(&config)]].concat())
}

/// A world whose trained version is live; a third were found, as were nearly all
/// who were complained about thrice.
fn at_work() -> (World, String) {
    let world = World::new();
    registered(&world, 1..=CHECKED, "all");
    let (mut tickets, mut outcomes) = (String::new(), String::new());
    for n in 1..=CHECKED {
        let found = n.is_multiple_of(3);
        let complaints = if found && n % 5 != 0 { 3 } else { n % 2 };
        for ticket in 0..complaints {
            tickets += &format!("T{n}-{ticket},企业{n}有限公司,保本返利,2025-06-01,\n");
        }
        let ended = ["未发现", "认定非法集资"][usize::from(found)];
        outcomes += &format!("H{n},{},{ended}\n", code(n));
    }
    world.deliver("12345/ticket/all", &tickets);
    world.deliver("finance-office/outcome/all", &outcomes);
    let from = "artifact = \"model.json\"";
    world.edit(
        "tocsin.toml",
        from,
        &format!("{from}\nregistry = \"models\""),
    );
    world.run_once("data");
    let out = world.path("card.json");
    world.tocsin("data", &["train", "--out", text(&out)]).ok();
    let signed = ["--as", "王芳", "--why", "试验"];
    world
        .tocsin(
            "data",
            &[&["model", "submit", text(&out)], &signed[..]].concat(),
        )
        .ok();
    let card: Value = serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap();
    let version = card["version"].as_str().unwrap().to_owned();
    model(
        &world,
        &["shadow", &version, "--as", "王芳", "--why", "试验"],
    )
    .ok();
    model(
        &world,
        &["approve", &version, "--as", "李强", "--why", "试验"],
    )
    .ok();
    world.set_day("2025-07-01");
    world.run_once("data");
    (world, version)
}

fn watched(world: &World) -> Value {
    let ran = world.tocsin("data", &["model", "watch", "--json"]).ok();
    serde_json::from_str(&ran.out).unwrap()
}

fn stability(report: &Value, feature: &str) -> f64 {
    let moved = report["moved"].as_array().unwrap();
    let of = moved.iter().find(|moved| moved["name"] == feature);
    of.unwrap()["stability"].as_f64().unwrap()
}

#[test]
fn what_moves_is_seen_and_what_does_not_is_steady() {
    let (world, version) = at_work();
    let first = watched(&world);
    assert_eq!(first["model"], version.as_str());
    assert_eq!(first["reference"]["enterprises"], CHECKED);
    assert_eq!(stability(&first, "score"), 0.0, "nothing has come since");
    assert_eq!(stability(&first, "complaints"), 0.0);
    assert!(first["outcomes"].is_null(), "no outcome since: {first}");

    // Everybody is complained about, and as many again are checked: nobody is found.
    world.set_day("2025-07-10");
    registered(&world, CHECKED + 1..=CHECKED + 60, "new");
    let all = 1..=CHECKED + 60;
    let tickets: String = all
        .map(|n| format!("S{n},企业{n}有限公司,保本返利,2025-07-09,\nR{n},企业{n}有限公司,保本返利,2025-07-09,\n"))
        .collect();
    world.deliver("12345/ticket/july", &tickets);
    world.run_once("data");
    world.set_day("2025-07-20");
    let checked = CHECKED + 1..=CHECKED + 60;
    let outcomes: String = checked
        .map(|n| format!("N{n},{},未发现\n", code(n)))
        .collect();
    world.deliver("finance-office/outcome/july", &outcomes);
    world.run_once("data");

    let then = watched(&world);
    assert_eq!(then["enterprises"], CHECKED + 60);
    assert!(stability(&then, "complaints") > 0.25, "{then}");
    assert!(stability(&then, "score") > 0.25, "{then}");
    assert_eq!(stability(&then, "opinion"), 0.0, "nobody has any");
    let told = &then["outcomes"];
    assert_eq!(
        (&told["rows"], &told["observed"]["part"]),
        (&60.into(), &0.into())
    );
    // By hand: what each stood at before, as exported on the day before.
    let expected = told["expected"].as_f64().unwrap();
    let new: Vec<f64> = (CHECKED + 1..=CHECKED + 60)
        .map(|n| {
            world.explain("data", &code(n))["probability"]
                .as_f64()
                .unwrap()
        })
        .collect();
    assert!(
        (expected - new.iter().sum::<f64>()).abs() < 1e-6,
        "{expected}"
    );
    let text = world.tocsin("data", &["model", "watch"]).ok().out;
    for part in [
        "population stability index",
        "moved",
        "outcomes since the model is in force 60",
        "总体稳定性指数",
        "alerts by district",
    ] {
        assert!(text.contains(part), "`{part}` is missing:\n{text}");
    }
}

#[test]
fn watching_is_in_metrics_and_page_and_the_example_of_alerts_knows_them() {
    let (world, version) = at_work();
    world.set_day("2025-07-10");
    let ended = |n: u32| ["未发现", "认定非法集资"][usize::from(n.is_multiple_of(5))];
    let outcomes: String = (1..=40)
        .map(|n| format!("N{n},{},{}\n", code(n), ended(n)))
        .collect();
    world.deliver("finance-office/outcome/july", &outcomes);
    // A sink's metrics are there where a sink is.
    world.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    world.append(
        "tocsin.toml",
        "\n[[sink]]\nname = \"duty\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
         secrets = [\"file:secret\"]\n",
    );
    let live = world.ready("data");
    wait_until("the model has been looked at", || {
        let metrics = get(&live.at, "/metrics").body;
        metrics.contains("tocsin_model_stability_index{feature=\"score\"} 0")
            && metrics.contains("tocsin_sink_pending_events{sink=\"duty\"}")
    });
    let metrics = get(&live.at, "/metrics").body;
    assert!(!metrics.contains(&code(1)), "no enterprise may be a label");
    let report = get(&live.at, "/api/v1/models/watch").json();
    assert_eq!(report["model"], version.as_str());
    let asked = support::tocsin(&["model", "watch", "--url", &live.at])
        .ok()
        .out;
    assert!(asked.contains(&version), "{asked}");
    let page = get(&live.at, "/models").body;
    assert!(page.contains(&version) && page.contains("李强"), "{page}");
    assert!(page.contains("总体稳定性指数"), "{page}");
    assert!(!page.contains("population stability index"), "{page}");
    let card = get(&live.at, &format!("/models/{version}/card"));
    assert!(card.status == 200 && card.body.contains("<svg"), "{card:?}");
    assert_eq!(get(&live.at, "/models/none/card").status, 404);
    live.stop();

    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus-rules.yml");
    let said = fs::read_to_string(rules).unwrap();
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    for name in said.split(word).filter(|word| word.starts_with("tocsin_")) {
        assert!(
            metrics.contains(&format!("# TYPE {name} ")),
            "`{name}` is shown by no run"
        );
    }
    match Command::new("promtool")
        .args(["check", "rules", rules])
        .output()
    {
        Err(_) => eprintln!("skipped: promtool is not installed"),
        Ok(judged) => assert!(
            judged.status.success(),
            "{}{}",
            String::from_utf8_lossy(&judged.stdout),
            String::from_utf8_lossy(&judged.stderr)
        ),
    }
}
