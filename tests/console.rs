//! Agencies push, people and machines look on: what the running service answers
//! follows each record at once, and what it tells has no gap.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use support::codes::code;
use support::http::{Events, get, post};
use support::town::town;
use support::{Live, World, state, wait_until};

const PENALTIES: &str = "/api/v1/sources/msa/penalty/records";
const HEADER: &str = "文号,代码,当事人,金额,决定日期,op";

/// A running service.
struct Service {
    world: World,
    live: Live,
}

impl Service {
    fn start(world: World) -> Service {
        let live = world.ready("data");
        Service { world, live }
    }

    fn get(&self, path: &str) -> Value {
        let reply = get(&self.live.at, path);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    fn enterprise(&self, number: u32) -> Value {
        self.get(&format!("/api/v1/enterprises/{}", code(number)))
    }

    /// Pushes one penalty row; gives what was counted.
    #[track_caller]
    fn push(&self, row: &str) -> Value {
        let reply = post(&self.live.at, PENALTIES, &format!("{HEADER}\n{row}\n"));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Ends it; gives the world.
    fn stop(self) -> World {
        self.live.stop();
        self.world
    }
}

fn log_odds(enterprise: &Value) -> i64 {
    enterprise["score"]["log_odds"].as_i64().unwrap()
}

#[test]
fn a_pushed_correction_changes_score_and_alert_at_once() {
    let service = Service::start(town());
    let before = service.enterprise(4);
    let penalty = |number: u32| format!("N{number},{},,9000000,2025-06-{number:02},", code(4));
    for number in 10..20 {
        let counted = service.push(&penalty(number));
        assert_eq!(
            (&counted["read"], &counted["accepted"]),
            (&1.into(), &1.into())
        );
    }
    let raised = service.enterprise(4);
    assert!(log_odds(&raised) > log_odds(&before));
    assert!(raised["alert"]["revision"].as_u64() > before["alert"]["revision"].as_u64());
    let explained = service.get(&format!("/api/v1/enterprises/{}/explanation", code(4)));
    assert_eq!(explained["log_odds"], raised["score"]["log_odds"]);

    // Each is taken back; the last by its key alone.
    for number in 10..20 {
        let counted = service.push(&format!("N{number},,,,,D"));
        assert_eq!(counted["withdrawn"], 1);
    }
    let after = service.enterprise(4);
    assert_eq!(log_odds(&after), log_odds(&before));
    assert_eq!(after["level"], before["level"]);
    let duplicate = service.push("N10,,,,,D");
    assert_eq!(duplicate["duplicates"], 1);
    let world = service.stop();
    world.verify("data");
    state::check_published(&world.path("data"));
}

#[test]
fn what_is_wrong_with_a_push_is_answered() {
    let service = Service::start(town());
    let before = service.enterprise(1);
    let counted = service.push(&format!("N1,{},,12b,2025-06-01,", code(1)));
    assert_eq!(
        (&counted["read"], &counted["accepted"]),
        (&1.into(), &0.into())
    );
    let rejects = service.get("/api/v1/sources/msa/penalty/rejects");
    let reject = &rejects["rejects"][0];
    assert_eq!(
        (&reject["field"], &reject["value"]),
        (&"金额".into(), &"12b".into())
    );
    assert_eq!((&reject["record"], &reject["line"]), (&1.into(), &2.into()));

    let refused = post(&service.live.at, PENALTIES, "文号,代码\nN1,x\n");
    assert!(
        refused.status >= 400 && refused.body.contains("金额"),
        "{refused:?}"
    );
    let unknown = post(
        &service.live.at,
        "/api/v1/sources/msa/none/records",
        "a\n1\n",
    );
    assert_eq!(unknown.status, 404, "{unknown:?}");
    assert_eq!(service.enterprise(1), before);
    // A push that was refused is no fault of the source's files.
    let error = || service.get("/api/v1/sources/msa/penalty")["error"].clone();
    wait_until("no fault shows", || error() == Value::Null);
    service.stop();
}

#[test]
fn a_faulty_file_shows_at_its_source_until_it_is_mended() {
    let service = Service::start(town());
    let error = || service.get("/api/v1/sources/msa/penalty")["error"].clone();
    assert_eq!(error(), Value::Null);
    let file = "landing/msa/penalty/2026.csv";
    service.world.write(file, "文号,代码\nP9,x\n");
    wait_until("the fault shows", || {
        error().to_string().contains("lacks the declared columns")
    });
    service.push(&format!("N1,{},,700,2025-06-01,", code(1)));
    wait_until("it still shows", || {
        error().to_string().contains("lacks the declared columns")
    });
    service
        .world
        .write(file, format!("{HEADER}\nP9,{},,700,2025-06-01,\n", code(1)));
    wait_until("it shows no more", || error() == Value::Null);
    let whole = service.world.read("landing/msa/penalty/2025.csv");
    fs::remove_file(service.world.path("landing/msa/penalty/2025.csv")).unwrap();
    wait_until("the loss shows", || {
        error().to_string().contains("has vanished")
    });
    service.world.write("landing/msa/penalty/2025.csv", whole);
    wait_until("it shows no more", || error() == Value::Null);
    service.stop().verify("data");
}

#[test]
fn events_are_told_from_where_a_reader_was_without_gap() {
    let service = Service::start(town());
    let mut first = Events::after(&service.live.at, 0);
    let seen = first.take(2);
    for number in 10..20 {
        service.push(&format!("N{number},{},,9000000,2025-06-{number},", code(4)));
    }
    let told = first.take(seen.len() + 1);
    let ids: Vec<u64> = told.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, (1..=told.len() as u64).collect::<Vec<u64>>());
    // The reader comes back, and gets the rest: the same events.
    let again = Events::after(&service.live.at, 2).take(told.len() - 2);
    assert_eq!(again[..told.len() - 2], told[2..]);
    drop(first);

    let world = service.stop();
    let file = fs::read_to_string(world.path("data/alerts.ndjson")).unwrap();
    for ((_, event), line) in told.iter().zip(file.lines()) {
        assert_eq!(*event, serde_json::from_str::<Value>(line).unwrap());
    }
}

#[test]
fn a_reader_goes_on_after_a_restart() {
    let service = Service::start(town());
    let seen = Events::after(&service.live.at, 0).take(2);
    let world = service.world;
    service.live.kill();
    let service = Service::start(world);
    for number in 10..20 {
        service.push(&format!("N{number},{},,9000000,2025-06-{number},", code(4)));
    }
    let (last, _) = seen.last().unwrap();
    let next = Events::after(&service.live.at, *last).take(1);
    assert_eq!(next[0].0, last + 1);
    service.stop().verify("data");
}

#[test]
fn the_metrics_are_what_prometheus_expects() {
    let service = Service::start(town());
    service.push(&format!("N1,{},,12b,2025-06-01,", code(1)));
    let metrics = get(&service.live.at, "/metrics").body;
    assert!(metrics.contains("msa/penalty"), "{metrics}");
    assert!(!metrics.contains(&code(1)), "no enterprise may be a label");
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        eprintln!("skipped: promtool is not installed");
        return;
    };
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(metrics.as_bytes())
        .unwrap();
    let judged = promtool.wait_with_output().unwrap();
    let said = [judged.stdout, judged.stderr].concat();
    assert!(
        judged.status.success() && said.is_empty(),
        "{}",
        String::from_utf8_lossy(&said)
    );
    service.stop();
}

#[test]
fn it_is_ready_once_everything_there_has_been_taken_in() {
    let service = Service::start(town());
    assert_eq!(get(&service.live.at, "/healthz").status, 200);
    assert_eq!(service.get("/api/v1/sources/msa/penalty")["read"], 3);
    assert_eq!(service.enterprise(1)["name"], "甲投资有限公司");
    // A second service on the same state is refused, and harms nothing.
    let second = service.world.tocsin("data", &["run", "--once"]);
    assert_eq!(second.code, Some(1));
    assert!(!second.err.is_empty());
    service.stop().verify("data");
}

#[test]
fn the_address_that_is_printed_is_the_one_it_has_and_a_log_in_a_file_has_no_colours() {
    use std::io::{BufRead, BufReader};
    let world = support::town::town();
    let (config, data) = (world.path("tocsin.toml"), world.path("data"));
    let log = std::fs::File::create(world.path("run.log")).unwrap();
    let mut child = support::program(&["run", "--listen", "127.0.0.1:0"])
        .env("TOCSIN_LOG", "debug")
        .args([
            "--config",
            support::text(&config),
            "--data",
            support::text(&data),
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .map(Result::unwrap)
        .find(|line| line.starts_with("console at"));
    let at = line
        .as_deref()
        .and_then(|line| line.split('/').nth(2))
        .unwrap()
        .to_owned();
    support::wait_until("it answers where it says", || {
        support::http::try_get(&at, "/readyz").is_some_and(|reply| reply.status == 200)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!at.ends_with(":0"), "{at}");
    let log = world.read("run.log");
    assert!(!log.is_empty() && !log.contains('\u{1b}'), "{log}");
}
