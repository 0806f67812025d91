//! Who is told of alerts, as offices and operators rely on it: what a webhook
//! carries, what happens while a receiver is away, what `tocsin sink` shows.
//! That kills lose nothing is in `tests/kill.rs`.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use support::http::{free_address, get, post};
use support::receiver::{Received, Receiver};
use support::town::town;
use support::{World, state, text, wait_until};

/// Levels that nearly everybody of the town reaches.
const LOW: &str = "[levels]\nthresholds = { blue = 6, yellow = 60, orange = 70, red = 80 }\n";
const SECRETS: [&str; 2] = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_dG9jc2luIHRlbGxzIG9mIGxlYWRzLCBub3QgZ3VpbHQ=",
];

/// The town, and a sink `duty` that tells `url`, with further keys.
fn town_that_tells(url: &str, further: &str) -> World {
    let world = town();
    world.write("secret", SECRETS.join("\n"));
    let sink = format!(
        "{LOW}[[sink]]\nname = \"duty\"\ntype = \"webhook\"\nurl = \"{url}\"\n\
         secrets = [\"file:secret\"]\n{further}\n"
    );
    world.append("tocsin.toml", format!("\n{sink}"));
    world
}

fn sinks(world: &World) -> Value {
    let data = world.path("data");
    let ran = support::tocsin(&["sink", "list", "--json", "--data", text(&data)]).ok();
    serde_json::from_str(&ran.out).unwrap()
}

fn event_ids(received: &[Received]) -> Vec<String> {
    let mut ids = Vec::new();
    for request in received {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let events = body.as_array().cloned().unwrap_or_else(|| vec![body]);
        ids.extend(
            events
                .iter()
                .map(|event| event["id"].as_str().unwrap().to_owned()),
        );
    }
    ids
}

fn outbox_ids(world: &World) -> Vec<String> {
    let events = state::events(&world.path("data"));
    events.iter().map(|event| event.id()).collect()
}

/// The python that has the packages, if there is one.
fn python() -> Option<String> {
    let named = std::env::var("TOCSIN_WEBHOOKS_PYTHON");
    let python = named.unwrap_or_else(|_| "python3".to_owned());
    let imports = "import standardwebhooks, cloudevents.core.bindings.http";
    let ran = Command::new(&python).args(["-c", imports]).output();
    ran.is_ok_and(|ran| ran.status.success()).then_some(python)
}

fn verify_by_python(world: &World, python: &str, received: &[Received]) -> Vec<String> {
    let request = |request: &Received| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        json!({"headers": request.headers, "body": body, "secrets": SECRETS})
    };
    let requests: Vec<Value> = received.iter().map(request).collect();
    world.write("requests.json", serde_json::to_string(&requests).unwrap());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webhooks/verify.py");
    let file = world.path("requests.json");
    let ran = Command::new(python)
        .args([script, text(&file)])
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let out = String::from_utf8(ran.stdout).unwrap();
    out.lines().map(str::to_owned).collect()
}

#[test]
fn a_run_tells_everything_and_receivers_own_packages_verify_it() {
    for batch in [1, 50] {
        let receiver = Receiver::taking();
        let further = format!("batch = {batch}\nbegin = \"start\"");
        let world = town_that_tells(&receiver.url(), &further);
        let out = world.run_once("data");
        assert!(out.contains("sink duty"), "{out}");
        let received = receiver.got();
        let ids = event_ids(&received);
        assert!(ids.len() >= 3, "{ids:?}");
        assert_eq!(ids, outbox_ids(&world));
        assert_eq!(received.len(), if batch == 1 { ids.len() } else { 1 });
        match python() {
            Some(python) => assert_eq!(verify_by_python(&world, &python, &received), ids),
            None => eprintln!(
                "not verified by the packages of PyPI: no python has them (see tests/webhooks/verify.py)"
            ),
        }
        // Nothing is told twice.
        world.run_once("data");
        assert_eq!(receiver.got().len(), received.len());
    }
}

/// Rows of one more complaint about enterprise 3 each.
fn complain(at: &str, number: usize) -> Duration {
    let head = "工单编号,被反映单位,诉求内容,来电日期,op\n";
    let name = support::town::NAME_3;
    let row = format!(
        "N{number},{name},承诺保本返利,2025-06-{:02},\n",
        number % 28 + 1
    );
    let began = Instant::now();
    let reply = post(
        at,
        "/api/v1/sources/12345/ticket/records",
        &format!("{head}{row}"),
    );
    assert_eq!(reply.status, 200, "{reply:?}");
    began.elapsed()
}

#[test]
fn a_receiver_that_never_answers_holds_up_nobody_else() {
    // It takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let receiver = Receiver::taking();
    let further = "begin = \"start\"\ntimeout_seconds = 60";
    let world = town_that_tells(
        &format!("http://{}/", silent.local_addr().unwrap()),
        further,
    );
    let other = format!(
        "[[sink]]\nname = \"other\"\ntype = \"webhook\"\nurl = \"{}\"\n\
         secrets = [\"file:secret\"]\nbegin = \"start\"\n",
        receiver.url()
    );
    world.append("tocsin.toml", other);
    let live = world.ready("data");
    // Its request is under way all the while.
    (0..20).for_each(|number| {
        complain(&live.at, number);
    });
    wait_until("the other sink is told of all", || {
        let metrics = get(&live.at, "/metrics").body;
        let pending = |sink: &str| {
            let line = format!("tocsin_sink_pending_events{{sink=\"{sink}\"}} ");
            let found = metrics.lines().find_map(|l| l.strip_prefix(&line));
            found.map(|figure| figure.parse::<u64>().unwrap())
        };
        pending("other") == Some(0) && !receiver.got().is_empty()
    });
    let began = Instant::now();
    live.stop();
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "it waited for the silent receiver"
    );
    let (told, outbox) = (event_ids(&receiver.got()), outbox_ids(&world));
    assert_eq!(told, outbox);
    let duty = sinks(&world).as_array().unwrap()[0].clone();
    assert_eq!(
        (&duty["name"], &duty["position"]),
        (&json!("duty"), &json!(0))
    );
}

#[test]
fn dead_letters_are_shown_tried_again_and_dropped_beside_a_run() {
    let receiver = Receiver::start(|_| (403, ""));
    let world = town_that_tells(&receiver.url(), "begin = \"start\"\nattempts = 1");
    let live = world.ready("data");
    let data = world.path("data");
    let sink = |arguments: &[&str]| {
        let place = ["--data", text(&data)];
        support::tocsin(&[&["sink"], arguments, &place].concat())
    };
    wait_until("a letter is dead", || sinks(&world)[0]["dead"] != 0);
    let listed = sink(&["list"]).ok().out;
    assert!(
        listed.contains("403") && listed.contains("said by the receiver"),
        "{listed}"
    );
    let metrics = get(&live.at, "/metrics").body;
    assert!(
        metrics.contains("tocsin_sink_failed_total{sink=\"duty\"}"),
        "{metrics}"
    );

    receiver.answer(|_| (200, ""));
    sink(&["retry", "duty"]).ok();
    wait_until("all is told", || {
        let standing = &sinks(&world)[0];
        standing["dead"] == 0 && standing["position"] == standing["outbox"]
    });
    live.stop();
    let mut told: Vec<String> = event_ids(&receiver.got());
    told.sort();
    told.dedup();
    let mut outbox = outbox_ids(&world);
    outbox.sort();
    assert_eq!(told, outbox);

    assert_ne!(
        sink(&["drop", "duty"]).code,
        Some(0),
        "which ones is to be said"
    );
    let ran = sink(&["drop", "duty", "--id", "E-1.1"]);
    assert!(
        ran.code == Some(1) && ran.err.contains("no dead letter"),
        "{ran:?}"
    );
    let ran = sink(&["retry", "dutty"]);
    assert!(
        ran.code == Some(1) && ran.err.contains("there are duty"),
        "{ran:?}"
    );
    sink(&["drop", "duty", "--all"]).ok();
}

#[test]
fn a_sink_without_its_secret_does_not_start() {
    let world = town_that_tells(&format!("http://{}/", free_address()), "");
    std::fs::remove_file(world.path("secret")).unwrap();
    let ran = world.tocsin("data", &["run", "--once"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains("sink `duty`") && ran.err.contains("secret file"),
        "{}",
        ran.err
    );
    // The configuration itself is sound, and the secret is no part of it.
    let config = world.path("tocsin.toml");
    support::tocsin(&["source", "check", "--config", text(&config)]).ok();
}
