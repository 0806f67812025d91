//! Who is told of alerts, as offices and operators rely on it: what a webhook
//! carries, what happens while a receiver is away, what `tocsin sink` shows.
//! That kills lose nothing is in `tests/kill.rs`.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use support::codes;
use support::http::{free_address, get, post};
use support::letters::Relay;
use support::receiver::{Received, Receiver};
use support::secured;
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

#[test]
fn a_receiver_is_told_over_tls_by_a_certificate_that_holds_and_by_no_other() {
    for (certificate, ca, fault) in [
        ("server.pem", Some("ca.pem"), None),
        ("server.pem", Some("other-ca.pem"), Some("UnknownIssuer")),
        ("server.pem", None, Some("UnknownIssuer")),
        ("expired.pem", Some("ca.pem"), Some("certificate expired")),
    ] {
        let receiver = Receiver::taking();
        let url = format!("https://{}/hook", secured::start(certificate, &receiver.at));
        let ca = ca.map(|ca| format!("ca = \"{}\"\n", text(&secured::file(ca))));
        let further = format!("begin = \"start\"\n{}", ca.unwrap_or_default());
        let world = town_that_tells(&url, &further);
        world.run_once("data");
        let (sink, events) = (sinks(&world)[0].clone(), outbox_ids(&world));
        match fault {
            None => assert_eq!(event_ids(&receiver.got()), events),
            Some(fault) => {
                let said = sink["last_error"].as_str().unwrap();
                assert!(said.contains(fault), "{certificate}: {said}");
                assert!(receiver.got().is_empty(), "nothing is told to a stranger");
                assert_eq!((&sink["position"], &sink["dead"]), (&json!(0), &json!(0)));
            }
        }
    }
}

/// The town, and a sink `letters` that writes to a relay.
fn town_that_writes(at: &str, protection: &str, ca: Option<&str>) -> World {
    let world = town();
    let ca = ca.map(|ca| format!("ca = \"{}\"\n", text(&secured::file(ca))));
    world.append(
        "tocsin.toml",
        format!(
            "\n{LOW}[[sink]]\nname = \"letters\"\ntype = \"email\"\nserver = \"{at}\"\n\
             protection = \"{protection}\"\nfrom = \"tocsin@example.cn\"\n\
             to = [\"duty@example.cn\"]\nbegin = \"start\"\nclearance = 4\n{}",
            ca.unwrap_or_default()
        ),
    );
    world
}

#[test]
fn letters_go_over_tls_to_a_relay_whose_certificate_holds_and_to_no_other() {
    for (protection, begins_plain) in [("tls", false), ("starttls", true)] {
        for (certificate, ca, fault) in [
            ("server.pem", Some("ca.pem"), None),
            ("server.pem", Some("other-ca.pem"), Some("UnknownIssuer")),
            ("server.pem", None, Some("UnknownIssuer")),
            ("expired.pem", Some("ca.pem"), Some("certificate expired")),
        ] {
            let relay = Relay::start();
            let at = match begins_plain {
                false => secured::start(certificate, &relay.at),
                true => secured::start_tls(certificate, &relay.at),
            };
            let world = town_that_writes(&at, protection, ca);
            world.run_once("data");
            let (sink, events) = (sinks(&world)[0].clone(), outbox_ids(&world));
            assert!(!events.is_empty());
            match fault {
                None => assert_eq!(relay.letters().len(), events.len(), "{protection}"),
                Some(fault) => {
                    let said = sink["last_error"].as_str().unwrap();
                    assert!(said.contains(fault), "{protection} {certificate}: {said}");
                    assert!(relay.letters().is_empty(), "nothing goes to a stranger");
                    assert_eq!((&sink["position"], &sink["dead"]), (&json!(0), &json!(0)));
                }
            }
        }
    }
}

#[test]
fn a_relay_that_offers_no_tls_gets_no_letter_and_the_letters_are_kept() {
    let plain = Relay::start();
    let world = town_that_writes(&plain.at, "starttls", Some("ca.pem"));
    world.run_once("data");
    let (sink, events) = (sinks(&world)[0].clone(), outbox_ids(&world));
    assert!(
        sink["last_error"].as_str().unwrap().contains("STARTTLS"),
        "{sink}"
    );
    assert_eq!((&sink["position"], &sink["dead"]), (&json!(0), &json!(0)));
    assert!(plain.letters().is_empty());
    // Mended, each of them goes out once.
    let secured = secured::start_tls("server.pem", &plain.at);
    world.edit("tocsin.toml", &plain.at, &secured);
    let data = world.path("data");
    support::tocsin(&["sink", "retry", "letters", "--data", text(&data)]).ok();
    world.run_once("data");
    let ids: Vec<String> = plain
        .letters()
        .iter()
        .map(|letter| letter.header("Message-ID"))
        .collect();
    assert_eq!(ids.len(), events.len());
    let different: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(different.len(), events.len());
}

/// The town with secret leads and two sinks: `duty` may not know of them, `amlu`
/// may.
fn town_with_secrets(duty: &Receiver, cleared: &Receiver) -> World {
    let world = town_that_tells(&duty.url(), "begin = \"start\"");
    let cleared = format!(
        "[[sink]]\nname = \"amlu\"\ntype = \"webhook\"\nurl = \"{}\"\n\
         secrets = [\"file:secret\"]\nbegin = \"start\"\nclearance = 4\n",
        cleared.url()
    );
    world.append("tocsin.toml", cleared);
    for source in ["lead", "account", "personal_account"] {
        let file = format!("sources/pbc/{source}.toml");
        world.edit(&file, "basis ", "sensitivity = \"L4\"\nbasis ");
    }
    world
}

#[test]
fn whatever_leads_come_and_go_a_sink_that_is_not_cleared_is_told_levels_alone() {
    let (duty, cleared) = (Receiver::taking(), Receiver::taking());
    let world = town_with_secrets(&duty, &cleared);
    world.run_once("data");
    for round in 0..12_u32 {
        let account = ["A1", "B1", "A1", "Z9"][(round % 4) as usize];
        let withdrawn = if round % 3 == 2 { "D" } else { "" };
        let share = f64::from(round * 13 % 9 + 1) / 10.0;
        let lead = format!(
            "S{},{account},{share},2025-06-1{},{withdrawn}\n",
            round % 5,
            round % 9
        );
        world.deliver("pbc/lead/2025", &lead);
        if round == 5 {
            // Something new of enterprise 4, which stays at its level.
            let fine = format!("P50,{},,100,2025-06-01,\n", codes::code(4));
            world.deliver("msa/penalty/2025", &fine);
        }
        world.run_once("data");
    }
    let body = |request: &Received| -> Value { serde_json::from_slice(&request.body).unwrap() };
    // Who may know of leads is told everything, as the file says it.
    let whole: Vec<Value> = cleared.got().iter().map(body).collect();
    let lines = world.read("data/alerts.ndjson");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(whole, lines);
    // Who may not is told of changes of levels, whatever they rest on.
    let changed = |event: &&Value| event["data"]["level_before"] != event["data"]["level"];
    let expected: Vec<&Value> = lines.iter().filter(changed).collect();
    let told: Vec<Value> = duty.got().iter().map(body).collect();
    assert_eq!(told.len(), expected.len());
    assert!(
        expected.len() < lines.len(),
        "too few events to say anything: {lines:#?}"
    );
    for (told, whole) in told.iter().zip(expected) {
        let data = &whole["data"];
        let alert = data["alert"].as_str().unwrap();
        let seq: u64 = whole["sequence"].as_str().unwrap().parse().unwrap();
        let restricted = told["data"]["restricted"].as_u64().unwrap();
        assert!(restricted > 0);
        let levels = json!({
            "specversion": "1.0", "id": format!("{alert}@{seq}"), "source": "tocsin",
            "type": whole["type"], "time": whole["time"], "subject": whole["subject"],
            "datacontenttype": "application/json", "sequence": whole["sequence"],
            "data": {
                "alert": alert,
                "enterprise": {"id": whole["subject"], "name": data["name"], "district": data["district"]},
                "level_before": data["level_before"], "level": data["level"],
                "level_name": data["level_name"], "level_meaning": data["level_meaning"],
                "restricted": restricted, "text": data["text"],
            },
        });
        assert_eq!(*told, levels);
    }
    // A filter by what evidence there is would tell of it.
    world.edit("tocsin.toml", "clearance = 4", "categories = [\"D\"]");
    let refused = world.tocsin("data", &["run", "--once"]);
    assert_eq!(refused.code, Some(2));
    let (sink, source) = ("sink `amlu` has clearance 3", "source `pbc/");
    assert!(
        refused.err.contains(sink) && refused.err.contains(source),
        "{}",
        refused.err
    );
}

#[test]
fn a_secret_that_is_not_set_is_named_before_anything_runs() {
    let world = town_that_tells("http://127.0.0.1:9/hook", "");
    world.edit(
        "tocsin.toml",
        "file:secret",
        "env:TOCSIN_TEST_NO_SUCH_SECRET",
    );
    let config = world.path("tocsin.toml");
    let check = support::tocsin(&["source", "check", "--config", text(&config)]).ok();
    for part in ["warning", "sink `duty`", "TOCSIN_TEST_NO_SUCH_SECRET"] {
        assert!(check.err.contains(part), "`{part}`: {}", check.err);
    }
    let run = world.tocsin("data", &["run", "--once"]);
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("sink `duty`"), "{}", run.err);
}
