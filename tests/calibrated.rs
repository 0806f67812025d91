//! A model with a calibration behind its sum, as all who read a score see it: index,
//! level, hysteresis, page, queue, cap, what if. What contributes is as it was.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::codes::code;
use support::http::{get, post_json};
use support::state::events;
use support::{World, log_odds, text};

/// What so many complaints add, micro-log-odds, to a start of −6.
const COMPLAINTS: [i64; 6] = [0, 1_000_000, 2_800_000, 3_000_000, 4_000_000, 8_500_000];
const INTERCEPT: i64 = -6_000_000;
type Points = &'static [[i64; 2]];
/// Hardly anything between one complaint and four; flat behind five.
const FLAT: Points = &[
    [-6_000_000, -7_000_000],
    [-5_000_000, -3_100_000],
    [-2_000_000, -2_900_000],
    [2_500_000, 1_500_000],
];
/// Much between two complaints and four.
const STEEP: Points = &[
    [-6_000_000, -8_000_000],
    [-3_200_000, -4_500_000],
    [-2_000_000, -2_900_000],
    [2_500_000, 1_500_000],
];
const NONE: Points = &[];

/// A card that weighs complaints alone.
fn card(features: &str, points: Points) -> String {
    let document: toml::Table = features.parse().unwrap();
    let bins = |name: &str| -> Vec<Value> {
        let weights: &[i64] = match name {
            "complaints" => &COMPLAINTS,
            _ => &[0],
        };
        let edge = |n: usize| match n {
            0 => Value::Null,
            n if n == weights.len() => Value::Null,
            n => json!(n * 10_000),
        };
        let ranges = weights.iter().enumerate();
        let ranges =
            ranges.map(|(n, weight)| json!({"from": edge(n), "to": edge(n + 1), "weight": weight}));
        std::iter::once(json!({"missing": true, "weight": 0}))
            .chain(ranges)
            .collect()
    };
    let feature = |of: &toml::Value| {
        let name = of["name"].as_str().unwrap();
        json!({"name": name, "category": of["category"], "kind": "number", "bins": bins(name)})
    };
    let features: Vec<Value> = document["feature"]
        .as_array()
        .unwrap()
        .iter()
        .map(feature)
        .collect();
    let mut card = json!({
        "format": 1, "version": "", "kind": "scorecard", "intercept": INTERCEPT,
        "anchors": [[4000, -2_944_439], [6000, -1_386_294], [7000, -405_465], [8000, 847_298]],
        "features": features,
    });
    if !points.is_empty() {
        card["calibration"] = json!(points);
    }
    card.to_string()
}

/// Enterprises 1 to 6; of each so many complaints as `all` says, those of the first
/// numbers made in January.
fn world(points: Points, all: [usize; 6], january: usize) -> World {
    let world = World::new();
    let features = world.read("features.toml");
    world.write("model.json", card(&features, points));
    let (mut rows, mut tickets) = (String::new(), String::new());
    for (n, complaints) in (1..).zip(all) {
        rows += &format!("{},企业{n}有限公司,人{n},10万,,2024-05-01\n", code(n));
        for ticket in 0..complaints {
            let day = if ticket < january {
                "2025-01-20"
            } else {
                "2025-06-01"
            };
            tickets += &format!("T{n}-{ticket},企业{n}有限公司,保本返利,{day},\n");
        }
    }
    world.deliver("msa/registration/all", &rows);
    world.deliver("12345/ticket/all", &tickets);
    world
}

/// What a sum comes to behind points, by the rule as README has it: linear between
/// points, beyond them with the outer slopes.
fn calibrated(points: Points, log_odds: i64) -> i64 {
    let place = points.partition_point(|point| point[0] <= log_odds);
    let Some(last) = points.len().checked_sub(1) else {
        return log_odds;
    };
    let place = place.clamp(1, last);
    let ([x0, y0], [x1, y1]) = (points[place - 1], points[place]);
    y0 + ((log_odds - x0) * (y1 - y0)).div_euclid(x1 - x0)
}

fn probability(log_odds: i64) -> f64 {
    1.0 / (1.0 + (-(log_odds as f64) / 1e6).exp())
}

/// The index of calibrated log-odds between the outer anchors.
fn index(log_odds: i64) -> f64 {
    let anchors = [
        (40.0, -2.944_439),
        (60.0, -1.386_294),
        (70.0, -0.405_465),
        (80.0, 0.847_298),
    ];
    let at = log_odds as f64 / 1e6;
    let pair = anchors
        .windows(2)
        .find(|pair| at >= pair[0].1 && at <= pair[1].1);
    let [(low, from), (high, to)] = pair.unwrap() else {
        unreachable!()
    };
    low + (high - low) * (at - from) / (to - from)
}

fn near(left: &Value, right: f64, by: f64) {
    let left = left.as_f64().unwrap();
    assert!((left - right).abs() <= by, "{left} for {right}");
}

#[test]
fn an_explanation_reads_probability_and_index_behind_the_calibration() {
    let world = world(FLAT, [4, 1, 2, 3, 0, 5], 0);
    let plain = self::world(NONE, [4, 1, 2, 3, 0, 5], 0);
    let scores = world.scores("data");
    plain.scores("data");
    world.verify("data");
    for n in 1..=6 {
        let (id, found, before) = (
            code(n),
            world.explain("data", &code(n)),
            plain.explain("data", &code(n)),
        );
        let sum = found["log_odds"].as_i64().unwrap();
        assert_eq!(
            (sum, &found["log_odds"]),
            (log_odds(&scores, &id), &before["log_odds"])
        );
        let weights = |of: &Value| -> Vec<(String, i64)> {
            let parts = of["contributions"].as_array().unwrap().iter();
            parts
                .map(|part| {
                    (
                        part["feature"].to_string(),
                        part["weight"].as_i64().unwrap(),
                    )
                })
                .collect()
        };
        assert_eq!(weights(&found), weights(&before));
        let all: i64 = weights(&found).iter().map(|(_, weight)| weight).sum();
        assert_eq!(INTERCEPT + all, sum);
        let read = calibrated(FLAT, sum);
        assert_eq!(found["calibrated"], read);
        assert!(before["calibrated"].is_null());
        near(&found["probability"], probability(read), 1e-9);
        near(&before["probability"], probability(sum), 1e-9);
        let line: Vec<&str> = support::line_of(&scores, &id).split(',').collect();
        near(&found["index"], line[1].parse().unwrap(), 0.001);
        near(&found["probability"], line[2].parse().unwrap(), 1e-5);
    }
    for n in [1, 6] {
        let found = world.explain("data", &code(n));
        if n == 1 {
            near(&found["index"], index(-2_900_000), 0.01);
            assert_eq!(found["level"], "blue");
        } else {
            // Only one category: no more than blue, whatever the index.
            assert!(found["index"].as_f64().unwrap() > 80.0, "{found}");
            assert_eq!(found["level"], "blue");
        }
    }
    // What the next level asks for is the same: four complaints, not one, reach blue.
    let next = &world.explain("data", &code(5))["next_level"];
    let changes = next["cheapest"]["changes"].as_array().unwrap();
    let gain: i64 = changes.iter().map(|of| of["gain"].as_i64().unwrap()).sum();
    assert!(calibrated(FLAT, INTERCEPT + gain) >= -2_944_439, "{next}");
    assert!(
        calibrated(FLAT, INTERCEPT + gain - 1_000_000) < -2_944_439,
        "{next}"
    );

    let printed = world.tocsin("data", &["explain", &code(1)]).ok().out;
    assert!(printed.contains("index 40.57"), "{printed}");
    assert!(printed.contains("-2.900000"), "{printed}");
    assert!(
        printed.contains("-2.000000  sum, the score to the last digit"),
        "{printed}"
    );
    let live = world.ready("data");
    let path = format!("enterprises/{}", code(1));
    let page = get(&live.at, &format!("/{path}")).body;
    for part in ["校准后 −2.90", "40.57", "5.2"] {
        assert!(page.contains(part), "`{part}`: {page}");
    }
    let listed = get(&live.at, &format!("/api/v1/{path}")).json();
    near(
        &listed["score"]["probability"],
        probability(-2_900_000),
        1e-6,
    );
    live.stop();
}

/// Whether the alert of enterprise 1, who had four complaints and keeps some, stands
/// `days` after the others have expired, in the middle of July.
fn stands(points: Points, kept: usize, days: u32) -> bool {
    let world = world(points, [4, 0, 0, 0, 0, 0], 4 - kept);
    let data = "data";
    world.set_day("2025-07-01");
    world.run_once(data);
    assert_eq!(world.explain(data, &code(1))["level"], "blue");
    // 180 days after the twentieth of January.
    for day in 19..=19 + days {
        world.set_day(&format!("2025-07-{day}"));
        world.run_once(data);
    }
    assert_eq!(world.explain(data, &code(1))["level"], "none");
    world.verify(data);
    let told = events(&world.path(data));
    let last = told.last().unwrap().event.after.name().to_owned();
    let first = told.first().unwrap();
    assert_eq!(first.event.after.name(), "blue");
    last == "blue"
}

#[test]
fn a_fall_is_measured_on_the_calibrated_index() {
    // From 40.57 to 38.1 behind the calibration, though the sum falls from −2 to −5.
    assert!(stands(FLAT, 1, 9), "within five points");
    assert!(!stands(NONE, 1, 9), "beyond them without the calibration");
    // From 40.57 to 26.7, though the sum falls to −3.2 only: 37.0.
    assert!(!stands(STEEP, 2, 9), "beyond five points");
    assert!(
        stands(STEEP, 2, 5),
        "and yet not before seven days are over"
    );
}

#[test]
fn the_difference_of_two_instants_is_of_sums_and_their_indexes_are_calibrated() {
    let world = world(STEEP, [4, 0, 0, 0, 0, 0], 2);
    world.set_day("2025-07-01");
    world.run_once("data");
    world.set_day("2025-07-20");
    world.run_once("data");
    let found = world.explain("data", &code(1));
    let sum = found["log_odds"].as_i64().unwrap();
    assert_eq!((sum, calibrated(STEEP, sum)), (-3_200_000, -4_500_000));
    let index = found["index"].as_f64().unwrap();
    assert!(index < 35.0, "{index}");
    let since = world
        .tocsin(
            "data",
            &["explain", &code(1), "--since", "2025-07-01", "--json"],
        )
        .ok()
        .out;
    let since: Value = serde_json::from_str(&since).unwrap();
    assert_eq!(since["log_odds"], -1_200_000, "{since}");
    near(&since["since"]["index"], self::index(-2_900_000), 0.01);
    assert_eq!(since["at"]["index"], found["index"]);
    let parts = since["differences"].as_array().unwrap().iter();
    let parts: i64 = parts.map(|part| part["weight"].as_i64().unwrap()).sum();
    assert_eq!(parts, -1_200_000);
}

#[test]
fn a_queue_expects_what_is_left_behind_the_calibration() {
    let world = world(FLAT, [4, 1, 2, 3, 0, 5], 0);
    let scores = world.scores("data");
    let drawn = world
        .tocsin("data", &["queue", "--capacity", "6", "--json"])
        .ok();
    let drawn: Value = serde_json::from_str(&drawn.out).unwrap();
    let places = drawn["places"].as_array().unwrap();
    let mut expected = 0.0;
    for place in places {
        let sum = log_odds(&scores, place["id"].as_str().unwrap());
        assert_eq!(place["log_odds"], sum);
        assert_eq!(place["calibrated"], calibrated(FLAT, sum));
        expected += probability(calibrated(FLAT, sum));
    }
    assert_eq!(places.len(), 6);
    let printed = world.tocsin("data", &["queue", "--capacity", "6"]).ok().out;
    let line = format!("expected to be positive: {expected:.1} of them");
    assert!(printed.contains(&line), "{line}: {printed}");
    // The sum by itself would expect more.
    let plain: f64 = (1..=6)
        .map(|n| probability(log_odds(&scores, &code(n))))
        .sum();
    assert!((plain - expected).abs() > 0.05, "{plain} {expected}");
    let folder = world.path("queues");
    assert_eq!(std::fs::read_dir(text(&folder)).unwrap().count(), 1);
}

#[test]
fn a_cap_below_an_index_and_what_if_read_the_calibrated_index() {
    let world = world(FLAT, [4, 1, 2, 3, 0, 5], 0);
    let free = world.explain_after("data", 6);
    assert!(free["index"].as_f64().unwrap() > 80.0, "{free}");
    let live = world.ready("data");
    let whatif = |set: &str| {
        let reply = post_json(
            &live.at,
            "/api/v1/whatif",
            &json!({"set": [set]}).to_string(),
        );
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    };
    // Enterprises 1 and 6 are blue: behind the calibration 40.57 and above 80.
    assert_eq!(whatif("levels.thresholds.blue=41")["moves"]["closed"], 1);
    assert_eq!(whatif("levels.thresholds.blue=40")["moves"]["closed"], 0);
    // All others lie between 38 and 40.57, but for the one without a complaint, whose
    // sum alone would put four of them there.
    assert_eq!(whatif("levels.thresholds.blue=38")["moves"]["opened"], 3);
    assert_eq!(whatif("cap.E.below=40")["moves"]["closed"], 2);
    live.stop();
    world.append("tocsin.toml", "\n[[cap]]\ncategory = \"E\"\nbelow = 80\n");
    let capped = world.explain_after("data", 6);
    assert_eq!(capped["index"], 79.99);
    let parts = capped["contributions"].as_array().unwrap();
    let cap = parts
        .iter()
        .find(|part| part["feature"] == "cap E")
        .unwrap();
    let cut = cap["weight"].as_i64().unwrap();
    let sum = capped["log_odds"].as_i64().unwrap();
    assert_eq!(sum, free["log_odds"].as_i64().unwrap() + cut);
    assert!(
        calibrated(FLAT, sum) < 847_298 && calibrated(FLAT, sum + 1) >= 847_298,
        "{capped}"
    );
    world.verify("data");
    world.same_as_fresh("data");
}

/// What of an enterprise is explained when everything was taken in.
trait Explained {
    fn explain_after(&self, data: &str, number: u32) -> Value;
}

impl Explained for World {
    fn explain_after(&self, data: &str, number: u32) -> Value {
        self.run_once(data);
        self.explain(data, &code(number))
    }
}

#[test]
fn a_damaged_calibration_is_refused_with_its_file() {
    let world = world(FLAT, [4, 1, 2, 3, 0, 5], 0);
    world.run_once("data");
    let whole = world.read("model.json");
    let points = "[-2000000,-2900000]";
    assert!(whole.contains(points), "{whole}");
    for (damaged, told) in [
        (
            "[-6500000,-2900000]",
            "does not rise from `(-5000000, -3100000)`",
        ),
        (
            "[-2000000,-2900000000]",
            "allowed are -1000000000 to 1000000000",
        ),
        ("[-2000000]", "invalid length 1"),
    ] {
        world.write("model.json", whole.replace(points, damaged));
        for command in [&["run", "--once"][..], &["verify"]] {
            let ran = world.tocsin("data", command);
            assert_eq!(ran.code, Some(1), "{damaged}: {}", ran.err);
            assert!(
                ran.err.contains("model.json") && ran.err.contains(told),
                "{damaged}: {}",
                ran.err
            );
        }
    }
    // A run that is up refuses it, too, and goes on by what it had.
    world.write("model.json", &whole);
    let live = world.ready("data");
    world.put_whole(
        "model.json",
        whole.replace(points, "[-6500000,-2900000]").as_bytes(),
    );
    let refused = post_json(&live.at, "/api/v1/rules/reload", "");
    assert_eq!(refused.status, 422, "{}", refused.body);
    for told in ["model.json", "does not rise from"] {
        assert!(refused.body.contains(told), "{}", refused.body);
    }
    let id = code(1);
    let found = get(&live.at, &format!("/api/v1/enterprises/{id}/explanation")).json();
    assert_eq!(found["calibrated"], -2_900_000);
    live.stop();
}
