//! An office relies on it: several people work on cases over HTTP while records
//! arrive and receivers listen, and whatever is killed when, no alert, deed or line
//! of the audit log is lost or doubled.
//!
//! 8 kills; `TOCSIN_KILLS=50` for as many as one has time for.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::letters::Relay;
use support::office::{self, account, assignment, run};
use support::receiver::Receiver;
use support::siege::{Random, deliver, params, seed, set_clock, wait_into_an_epoch};
use support::{World, http, state, text, tocsin, wait_until};
use tocsin_alerts::Level;

/// How many kills.
fn kills() -> u64 {
    let asked = std::env::var("TOCSIN_KILLS").ok();
    asked.and_then(|kills| kills.parse().ok()).unwrap_or(8)
}

const OFFICE: &str = r#"
[casework]
store = "casework.db"
open_from = "blue"
"#;

/// What somebody sent under one key, and whether it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sent {
    /// 2xx: it is done.
    Done,
    /// 4xx: it is not.
    Refused,
    /// Nothing came back, and it was not tried again: it may be done, once.
    Open,
}

/// Somebody at work, and what they sent by key.
struct Worker<'a> {
    at: &'a str,
    name: &'static str,
    token: String,
    random: Random,
    number: u64,
    sent: BTreeMap<String, Sent>,
}

impl Worker<'_> {
    fn get(&self, path: &str) -> Option<Value> {
        let reply = office::send(self.at, &self.token, "GET", path, &[], &Value::Null)?;
        (reply.status == 200).then(|| reply.json())
    }

    /// Does something with a case as it was seen. Who gets no answer tries again
    /// under the same key, and gives up now and then.
    fn act(&mut self, case: &Value, action: &Value) {
        self.number += 1;
        let key = format!("{}-{}", self.name, self.number);
        let version = format!("\"{}\"", case["version"]);
        let more = [
            ("idempotency-key", key.as_str()),
            ("if-match", version.as_str()),
        ];
        let path = format!("/api/v1/cases/{}/actions", case["id"].as_str().unwrap());
        let sent = loop {
            match office::send(self.at, &self.token, "POST", &path, &more, action) {
                Some(reply) if reply.status < 300 => break Sent::Done,
                Some(reply) if reply.status < 500 => break Sent::Refused,
                // Nothing, or "not now": nobody knows.
                _ if self.random.below(4) == 0 => break Sent::Open,
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        self.sent.insert(key, sent);
    }

    /// Looks for something to do, and does it.
    fn work(&mut self) {
        let page = self.get("/api/v1/cases?open=yes&limit=50");
        let cases = page.and_then(|page| page["cases"].as_array().cloned());
        let cases = cases.filter(|cases| !cases.is_empty()).unwrap_or_default();
        let Some(place) = (!cases.is_empty()).then(|| self.random.below(cases.len() as u64)) else {
            std::thread::sleep(Duration::from_millis(20));
            return;
        };
        let case = &cases[place as usize];
        let own = case["investigators"]
            .as_array()
            .is_some_and(|signed| signed.iter().any(|signed| signed["who"] == self.name));
        let action = match (case["stage"].as_str().unwrap(), self.name) {
            ("issued", "duty") => json!({"do": "acknowledge"}),
            ("acknowledged", "duty") => assignment(&["one", "two"]),
            ("assigned", "one" | "two") if own => json!({"do": "check", "text": "现场核查"}),
            ("verifying", "one" | "two") if self.random.below(2) == 0 => {
                json!({"do": "check", "text": "再次核查"})
            }
            ("verifying", "one") => json!({"do": "judge", "text": "不实", "founded": false}),
            ("judged", "two") => json!({
                "do": "label", "outcome": "unfounded", "reason": "data-error", "text": "数据错误"
            }),
            // Nothing of theirs; what is refused leaves nothing, either.
            (_, "duty") => json!({"do": "suspend", "text": "x", "until_ms": 1}),
            _ => json!({"do": "check", "text": "无关人员"}),
        };
        self.act(case, &action);
    }
}

/// A city with an office, a webhook and letters.
fn city(receiver: &Receiver, relay: &Relay) -> World {
    let world = World::with_config("testdata/city");
    set_clock(&world, params().start);
    world.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let sinks = format!(
        "{OFFICE}\n[[sink]]\nname = \"duty\"\ntype = \"webhook\"\nurl = \"{}\"\n\
         secrets = [\"file:secret\"]\nbegin = \"start\"\nclearance = 4\n\
         [[sink]]\nname = \"letters\"\ntype = \"email\"\nserver = \"{}\"\nprotection = \"none\"\n\
         from = \"tocsin@example.cn\"\nto = [\"duty@example.cn\"]\nbegin = \"start\"\nclearance = 4\n",
        receiver.url(),
        relay.at
    );
    world.append("tocsin.toml", sinks);
    world
}

/// The end of the working day.
#[derive(Default)]
struct Over(AtomicBool);

/// Rings it when it is dropped: also when something fails, so that nobody works on
/// for ever and the failure is seen.
struct Bell<'a>(&'a AtomicBool);

impl Over {
    fn rings(&self) -> Bell<'_> {
        Bell(&self.0)
    }
}

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Starts and kills, anywhere: while it recovers, while it works on an epoch, while
/// somebody waits for an answer.
fn start_and_kill(world: &World, at: &str) {
    let mut random = Random(seed() + 3);
    for kill in 0..kills() {
        let live = world.live("data", at);
        match kill % 4 {
            0 => std::thread::sleep(random.milliseconds(120)),
            1 => wait_into_an_epoch(&world.path("data"), &mut random),
            _ => {
                let ready = || http::try_get(at, "/readyz").is_some_and(|r| r.status == 200);
                wait_until("it serves", ready);
                std::thread::sleep(random.milliseconds(900));
            }
        }
        live.kill();
    }
}

/// Every line of the audit log.
fn log(world: &World) -> Vec<Value> {
    let all = ["audit", "list", "--json", "--limit", "1000000"];
    let out = run(world, &all).ok().out;
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs until every sink has told of everything.
fn drain(world: &World) {
    let data = world.path("data");
    for _ in 0..30 {
        world.run_once("data");
        let listed = tocsin(&["sink", "list", "--json", "--data", text(&data)]).ok();
        let sinks: Value = serde_json::from_str(&listed.out).unwrap();
        let sinks = sinks.as_array().unwrap();
        assert!(
            sinks.len() == 2 && sinks.iter().all(|sink| sink["dead"] == 0),
            "{sinks:?}"
        );
        if sinks.iter().all(|sink| sink["position"] == sink["outbox"]) {
            return;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("the sinks do not come to an end");
}

#[test]
fn an_office_at_work_loses_and_doubles_nothing_whatever_is_killed_when() {
    let (receiver, relay) = (Receiver::taking(), Relay::start());
    let world = city(&receiver, &relay);
    let at = http::free_address();
    let staff = [
        ("duty", "duty-officer"),
        ("one", "investigator"),
        ("two", "investigator"),
    ];
    let staff = staff.map(|(name, role)| (name, account(&world, name, &[role], &[])));
    let (delivered, over) = (AtomicBool::new(false), Over::default());
    let sent = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        // However this ends, those at work hear of it.
        let over = over.rings();
        // As long as the kills last, however many.
        let delivery = scope.spawn(|| deliver(&world, 24 * kills(), &delivered, || ()));
        for (number, (name, token)) in staff.iter().enumerate() {
            let worker = Worker {
                at: &at,
                name,
                token: token.clone(),
                random: Random(seed() + 10 + number as u64),
                number: 0,
                sent: BTreeMap::new(),
            };
            let (over, sent) = (over.0, &sent);
            scope.spawn(move || {
                let mut worker = worker;
                while !over.load(Ordering::Relaxed) {
                    worker.work();
                }
                sent.lock().unwrap().append(&mut worker.sent);
            });
        }
        start_and_kill(&world, &at);
        // A last run in which the policy comes to an end.
        let live = world.live("data", &at);
        delivery.join().unwrap();
        wait_until("it serves", || {
            http::try_get(&at, "/readyz").is_some_and(|r| r.status == 200)
        });
        drop(over);
        std::thread::sleep(Duration::from_secs(3));
        live.stop();
    });
    drain(&world);
    every_alert_has_a_case(&world, &at);
    // Before another state is made of the same records, which would tell them anew.
    check_told(&world, &receiver, &relay);
    check_records(&world);
    check_deeds(&world, &sent.into_inner().unwrap());
}

/// The policy looks at what the last runs brought; what was open for a moment between
/// two runs may have no case.
fn every_alert_has_a_case(world: &World, at: &str) {
    let last: HashMap<String, Level> = state::events(&world.path("data"))
        .into_iter()
        .map(|event| (event.event.alert, event.event.after))
        .collect();
    let standing = last.into_iter().filter(|(_, level)| *level > Level::None);
    let standing: BTreeSet<String> = standing.map(|(alert, _)| format!("open/{alert}")).collect();
    let live = world.live("data", at);
    wait_until("it serves", || {
        http::try_get(at, "/readyz").is_some_and(|r| r.status == 200)
    });
    wait_until("every open alert has a case", || {
        let opened = log(world)
            .into_iter()
            .filter_map(|line| line[6].as_str().map(str::to_owned));
        standing.is_subset(&opened.collect())
    });
    live.stop();
}

/// Records, scores and events are those of a run that nobody killed.
fn check_records(world: &World) {
    let scores = world.scores("data");
    world.verify("data");
    assert!(scores == world.scores("uninterrupted"), "the scores differ");
    let events = state::check_published(&world.path("data"));
    assert!(events > 50, "{events} events are too few to say anything");
}

/// The log has what was answered once, what was not at most once, and nothing else;
/// and one case of each alert.
fn check_deeds(world: &World, sent: &BTreeMap<String, Sent>) {
    let verified = run(world, &["audit", "verify"]).ok();
    let log = log(world);
    let lines = format!("{} lines", log.len());
    assert!(verified.out.starts_with(&lines), "{}", verified.out);
    let mut counted: HashMap<(&str, &str), u32> = HashMap::new();
    let mut opened = BTreeSet::new();
    for (number, line) in (1_u64..).zip(&log) {
        assert_eq!(line[0], number, "the log has no gaps");
        let (who, key) = (line[2].as_str().unwrap(), line[6].as_str().unwrap());
        *counted.entry((who, key)).or_default() += 1;
        if key.starts_with("open/") {
            assert!(opened.insert(key), "two cases of an alert: {key}");
        }
    }
    let (mut done, mut open) = (0, 0);
    for (key, sent) in sent {
        let who = key.split('-').next().unwrap();
        let times = counted.get(&(who, key.as_str())).copied().unwrap_or(0);
        match sent {
            Sent::Done => assert_eq!(times, 1, "{key} was answered"),
            Sent::Refused => assert_eq!(times, 0, "{key} was refused"),
            Sent::Open => assert!(times <= 1, "{key} is there {times} times"),
        }
        done += usize::from(*sent == Sent::Done);
        open += usize::from(*sent == Sent::Open);
    }
    assert!(done > 20, "{done} deeds are too few to say anything");
    eprintln!(
        "{} kills, {done} deeds answered, {open} given up, {} lines",
        kills(),
        log.len()
    );
}

/// Both receivers heard of every event, by the same id each time.
fn check_told(world: &World, receiver: &Receiver, relay: &Relay) {
    let events = state::events(&world.path("data"));
    let outbox: BTreeSet<String> = events.iter().map(|event| event.id()).collect();
    let mut bodies: HashMap<String, String> = HashMap::new();
    for request in receiver.got() {
        let event: Value = serde_json::from_slice(&request.body).unwrap();
        let id = event["id"].as_str().unwrap().to_owned();
        let text = String::from_utf8(request.body.clone()).unwrap();
        if let Some(before) = bodies.insert(id.clone(), text.clone()) {
            assert_eq!(before, text, "{id} is told otherwise the second time");
        }
    }
    let told: BTreeSet<String> = bodies.into_keys().collect();
    assert_eq!(told, outbox);
    let letters = relay.letters();
    let written: BTreeSet<String> = letters
        .iter()
        .map(|letter| letter.header("Message-ID"))
        .collect();
    assert_eq!(
        written.len(),
        outbox.len(),
        "each event is one letter, whenever it is sent"
    );
    eprintln!(
        "{} events, {} requests, {} letters",
        outbox.len(),
        receiver.got().len(),
        letters.len()
    );
}
