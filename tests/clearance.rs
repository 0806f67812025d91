//! The law relies on it (反洗钱法 第三十五条): who may not know of a lead learns
//! nothing of it, by whatever they compare.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::office::{self, account, get, with_casework};
use support::{World, codes, http, town};

/// A town whose leads and accounts are secret.
fn town() -> World {
    let world = town::town();
    with_casework(&world);
    for source in ["lead", "account", "personal_account"] {
        let file = format!("sources/pbc/{source}.toml");
        let text = world.read(&file);
        world.write(
            &file,
            text.replacen("basis ", "sensitivity = \"L4\"\nbasis ", 1),
        );
        assert!(world.read(&file).contains("L4"), "{file}");
    }
    world
}

/// Everything that a reader without clearance can ask about an enterprise, without
/// what says as of when it is.
fn seen(at: &str, token: &str, code: &str) -> Vec<Value> {
    let paths = [
        format!("/api/v1/enterprises/{code}/explanation"),
        format!("/api/v1/enterprises/{code}/change?since=2025-06-29"),
        format!("/api/v1/enterprises/{code}/explanation?at=2025-06-30"),
    ];
    let bodies = paths.iter().map(|path| {
        let reply = office::send(at, token, "GET", path, &[], &Value::Null).unwrap();
        let mut body = reply.json();
        timeless(&mut body);
        json!({"status": reply.status, "body": body})
    });
    bodies.collect()
}

/// When an epoch was says only that something arrived, of whomever.
fn timeless(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("epoch");
            fields.remove("as_of");
            fields.values_mut().for_each(timeless);
        }
        Value::Array(values) => values.iter_mut().for_each(timeless),
        _ => {}
    }
}

#[test]
fn whatever_leads_come_and_go_who_is_not_cleared_sees_no_difference() {
    let world = town();
    world.set_day("2025-06-29");
    world.run_once("data");
    world.set_day("2025-06-30");
    let low = account(&world, "low", &["duty-officer"], &[]);
    let high = account(&world, "high", &["analyst"], &["--clearance", "4"]);
    let push = account(&world, "push", &["engineer"], &[]);
    let live = world.ready("data");
    let codes = [1, 2, 3].map(codes::code);
    let all = |token: &str| {
        codes
            .iter()
            .flat_map(|code| seen(&live.at, token, code))
            .collect::<Vec<_>>()
    };
    let log_odds = |code: &str| {
        get(&live.at, &high, &format!("/api/v1/enterprises/{code}"))["score"]["log_odds"].clone()
    };
    let before = all(&low);
    assert_eq!(before[0]["status"], 200, "{}", before[0]);
    assert!(
        before[0]["body"]["restricted"].as_u64().unwrap() > 0,
        "{}",
        before[0]
    );
    // It is the same figure of an enterprise of which there is no lead.
    assert_eq!(
        before[0]["body"]["restricted"],
        before[6]["body"]["restricted"]
    );
    // What they see sums to what they see: nothing is left to subtract.
    for explained in before
        .iter()
        .map(|seen| &seen["body"])
        .filter(|body| body["intercept"].is_i64())
    {
        let parts = explained["contributions"].as_array().unwrap().iter();
        let sum: i64 = parts.map(|part| part["weight"].as_i64().unwrap()).sum();
        assert_eq!(
            explained["intercept"].as_i64().unwrap() + sum,
            explained["log_odds"].as_i64().unwrap()
        );
    }
    let text = serde_json::to_string(&before).unwrap();
    assert!(!text.contains("pbc/"), "{text}");
    let mut moved = 0;
    let mut truth = codes.each_ref().map(|code| log_odds(code));
    let accounts = ["A1", "B1", "A1", "B1", "Z9"];
    for round in 0..24_u32 {
        let lead = format!("L{}", round * 7 % 5);
        let account = accounts[(round * 3 % 5) as usize];
        let share = f64::from(round * 13 % 9 + 1) / 10.0;
        let withdrawn = if round % 4 == 3 { "D" } else { "" };
        let csv = format!(
            "线索编号,账户,可信度,窗口止,op\n{lead},{account},{share},2025-06-{:02},{withdrawn}\n",
            10 + round % 18
        );
        let bearer = format!("Bearer {push}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "text/csv"),
        ];
        let pushed = http::try_request(
            &live.at,
            "POST",
            "/api/v1/sources/pbc/lead/records",
            &headers,
            &csv,
        )
        .unwrap();
        assert_eq!(pushed.status, 200, "{}", pushed.body);
        let after = all(&low);
        for (seen, was) in after.iter().zip(&before) {
            assert_eq!(seen, was, "after lead {lead} of {account}");
        }
        let now = codes.each_ref().map(|code| log_odds(code));
        moved += usize::from(now != truth);
        truth = now;
    }
    assert!(
        moved > 12,
        "only {moved} leads moved a score: too few to say anything"
    );
}

#[test]
fn what_has_everything_in_it_is_refused_and_alerts_say_their_level_alone() {
    let world = town();
    let low = account(&world, "low", &["head"], &[]);
    let live = world.ready("data");
    let code = codes::code(1);
    let refused = [
        format!("/api/v1/enterprises/{code}/history"),
        "/api/v1/groups".to_owned(),
        "/api/v1/alerts?order=ranked".to_owned(),
        "/sources/pbc/lead".to_owned(),
    ];
    for path in refused {
        let reply = office::send(&live.at, &low, "GET", &path, &[], &Value::Null).unwrap();
        assert_eq!(reply.status, 403, "{path}: {}", reply.body);
    }
    // Pages show what rests on other sources, and say so.
    let page = |path: &str| {
        let reply = office::send(&live.at, &low, "GET", path, &[], &Value::Null).unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        assert!(!reply.body.contains("pbc/"), "{path}: {}", reply.body);
        reply.body
    };
    let whose = page(&format!("/enterprises/{code}"));
    assert!(
        whose.contains("受限 (") && !whose.contains("chart steps"),
        "{whose}"
    );
    let feed = page("/");
    assert!(feed.contains(&code) && !feed.contains("未结预警"), "{feed}");
    let shown = get(&live.at, &low, &format!("/api/v1/enterprises/{code}"));
    assert_eq!(shown["score"], Value::Null);
    assert!(shown["restricted"].as_u64().unwrap() > 0);
    let alerts = get(&live.at, &low, "/api/v1/alerts");
    let alert = alerts["alerts"][0].as_object().unwrap();
    for hidden in [
        "index",
        "log_odds",
        "probability",
        "reasons",
        "categories",
        "agencies",
        "revision",
        "coverage",
    ] {
        assert!(!alert.contains_key(hidden), "{hidden}");
    }
    let id = alert["id"].as_str().unwrap();
    let whole = get(&live.at, &low, &format!("/api/v1/alerts/{id}"));
    let text = whole.to_string();
    assert!(
        whole["events"][0]["data"]["level"].is_string() && !text.contains("reasons"),
        "{text}"
    );
}
