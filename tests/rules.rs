//! Other rules while the program runs, as an engineer and an analyst use them:
//! files are edited, the answer is seen over HTTP, nothing is started again.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::http::{get, post_json};
use support::town::town;
use support::{Live, World, state, text, wait_until};

/// Levels that nobody reaches, and those that nearly everybody does.
const HIGH: &str = "thresholds = { blue = 96, yellow = 97, orange = 98, red = 99 }\n";
const LOW: &str = "thresholds = { blue = 6, yellow = 60, orange = 70, red = 80 }\n";

fn levels(world: &World, levels: &str) {
    let text = world.read("tocsin.toml");
    let before = text.split("\n[levels]").next().unwrap();
    world.put_whole(
        "tocsin.toml",
        format!("{before}\n[levels]\n{levels}").as_bytes(),
    );
}

fn rules(live: &Live) -> Value {
    get(&live.at, "/api/v1/rules").json()
}

fn open_alerts(live: &Live) -> BTreeMap<String, String> {
    let page = get(&live.at, "/api/v1/alerts?status=open&limit=1000").json();
    let alerts = page["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| {
            let id = alert["enterprise"]["id"].as_str().unwrap();
            (id.to_owned(), alert["level"].as_str().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn rules_change_without_a_restart_and_whatif_says_what_will_happen() {
    let world = town();
    levels(&world, HIGH);
    let live = world.ready("data");
    let first = rules(&live);
    assert!(open_alerts(&live).is_empty());

    // What would be, over HTTP and by the command.
    let thresholds = ["levels.thresholds.blue=6", "levels.thresholds.yellow=60"];
    let rest = ["levels.thresholds.orange=70", "levels.thresholds.red=80"];
    let set = [thresholds, rest].concat();
    let question = json!({"set": set}).to_string();
    let reply = post_json(&live.at, "/api/v1/whatif", &question);
    assert_eq!(reply.status, 200, "{reply:?}");
    let foretold = reply.json();
    let opened = foretold["moves"]["opened"].as_u64().unwrap();
    assert!(opened > 0 && foretold["complete"] == true, "{foretold}");
    let csv = world.path("moves.csv");
    let mut arguments = vec!["whatif", "--url", &live.at, "--out", text(&csv)];
    set.iter()
        .for_each(|pair| arguments.extend(["--set", pair]));
    let ran = world.tocsin("data", &arguments).ok();
    assert!(ran.out.contains(&format!("{opened} opened")), "{}", ran.out);
    let lines = std::fs::read_to_string(&csv).unwrap().lines().count();
    assert_eq!(lines as u64, opened + 1);
    let wrong = post_json(
        &live.at,
        "/api/v1/whatif",
        r#"{"set": ["feature.x.window=3"]}"#,
    );
    assert_eq!(wrong.status, 422, "{wrong:?}");
    assert!(open_alerts(&live).is_empty() && rules(&live) == first);

    // The file is edited: the alerts appear.
    levels(&world, LOW);
    wait_until("the changed thresholds count", || {
        !open_alerts(&live).is_empty()
    });
    let listed = foretold["listed"].as_array().unwrap().iter();
    let expected: BTreeMap<String, String> = listed
        .map(|moved| {
            let id = moved["id"].as_str().unwrap();
            (id.to_owned(), moved["then"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(open_alerts(&live), expected);
    let second = rules(&live);
    assert_ne!(second["version"], first["version"]);
    assert_eq!(second["levels"]["thresholds"]["blue"], 6);

    // A broken file is named, and disturbs nobody.
    let features = world.read("features.toml");
    let broken = features.replace("aggregate = \"sum\"", "aggregate = \"summe\"");
    world.put_whole("features.toml", broken.as_bytes());
    wait_until("the broken file is refused", || {
        !rules(&live)["refused"].is_null()
    });
    let refused = rules(&live)["refused"]["faults"].to_string();
    assert!(
        refused.contains("features.toml") && refused.contains("summe"),
        "{refused}"
    );
    assert_eq!(rules(&live)["version"], second["version"]);
    let metrics = get(&live.at, "/metrics").body;
    assert!(
        !metrics.contains("tocsin_rules_refused_faults 0"),
        "{metrics}"
    );
    let reply = post_json(&live.at, "/api/v1/rules/reload", "");
    assert_eq!(reply.status, 422, "{reply:?}");
    world.put_whole("features.toml", features.as_bytes());
    let reply = post_json(&live.at, "/api/v1/rules/reload", "");
    assert_eq!(reply.json()["outcome"], "same", "{reply:?}");
    assert!(rules(&live)["refused"].is_null());
    live.stop();

    state::check_published(&world.path("data"));
    world.verify("data");
    // No server: the state is loaded for the question, and left as it is.
    let before = std::fs::read(world.path("data/alerts.ndjson")).unwrap();
    let ran = world.tocsin(
        "data",
        &["whatif", "--set", "levels.thresholds.blue=50", "--json"],
    );
    let answer: Value = serde_json::from_str(&ran.ok().out).unwrap();
    assert_eq!(answer["held"]["none"], answer["now"]["none"]);
    assert!(answer["moves"]["closed"].as_u64().unwrap() > 0, "{answer}");
    assert_eq!(
        std::fs::read(world.path("data/alerts.ndjson")).unwrap(),
        before
    );
    world.verify("data");
}

#[test]
fn a_kill_around_a_change_of_rules_ends_in_the_same_state() {
    let mut ends = Vec::new();
    for wait_ms in [None, Some(0), Some(1_150), Some(2_050)] {
        let world = town();
        levels(&world, HIGH);
        let live = world.ready("data");
        levels(&world, LOW);
        match wait_ms {
            None => {
                wait_until("the rules count", || !open_alerts(&live).is_empty());
                live.stop();
            }
            Some(wait_ms) => {
                std::thread::sleep(std::time::Duration::from_millis(wait_ms));
                live.kill();
            }
        }
        let scores = world.scores("data");
        world.verify("data");
        state::check_published(&world.path("data"));
        let told: Vec<_> = state::events(&world.path("data"))
            .into_iter()
            // A last line without its end is read before the rules or after.
            .filter(|event| event.event.before != event.event.after)
            .map(|event| (event.event.alert, event.event.kind, event.event.after))
            .collect();
        assert!(!told.is_empty());
        ends.push((scores, told));
    }
    ends.iter().for_each(|end| assert_eq!(*end, ends[0]));
}
