//! An operator relies on it: `kill -9` at any moment loses no record, doubles
//! none, and tells of every alert event exactly once.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::receiver::Receiver;
use support::siege::{Random, deliver, params, seed, set_clock, wait_into_an_epoch};
use support::{World, state, text, tocsin, wait_until};

const KILLS: usize = 25;
/// The longest time between two days.
const PAUSE: u64 = 180;
/// Counters that depend on the records alone, not on when they were read.
const COUNTERS: [&str; 8] = [
    "read",
    "accepted",
    "duplicates",
    "corrected",
    "withdrawn",
    "normalised",
    "rejected",
    "checks",
];

/// Says when it goes that nothing is killed any more.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Starts and kills; gives how many starts found an epoch that had been
/// committed and not finished.
fn start_and_kill(world: &World, delivered: &AtomicBool, killed: &AtomicBool) -> usize {
    // However this ends, the deliveries go on.
    let _over = Over(killed);
    let mut random = Random(seed() + 1);
    let mut unfinished = 0;
    for kill in 0..KILLS {
        let mut live = world.live("data", "127.0.0.1:0");
        // A third of the kills hit a process that is still recovering, most of
        // the others one that works on an epoch.
        match kill % 6 {
            0 | 3 => std::thread::sleep(random.milliseconds(80)),
            1 => std::thread::sleep(random.milliseconds(900)),
            _ => {
                std::thread::sleep(random.milliseconds(600));
                wait_into_an_epoch(&world.path("data"), &mut random);
            }
        }
        assert!(live.runs(), "it stopped by itself: {}", live.kill());
        unfinished += usize::from(live.kill().contains("finishing an epoch"));
    }
    assert!(
        !delivered.load(Ordering::Relaxed),
        "deliveries ended too soon"
    );
    unfinished
}

fn counters(data: &Path) -> BTreeMap<String, BTreeMap<&'static str, Value>> {
    let stats = state::stats(data).into_iter();
    stats
        .map(|(source, stats)| {
            let counted = COUNTERS.map(|name| (name, stats[name].clone()));
            (source, BTreeMap::from(counted))
        })
        .collect()
}

#[test]
fn nothing_is_lost_or_doubled_by_a_kill_at_any_moment() {
    let world = World::with_config("testdata/city");
    // A run needs a clock before the first delivery is whole.
    set_clock(&world, params().start);
    let (delivered, killed) = (AtomicBool::new(false), AtomicBool::new(false));
    // However slow the machine is, records come for as long as it kills.
    let hold = || {
        while !killed.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let unfinished = std::thread::scope(|scope| {
        scope.spawn(|| deliver(&world, PAUSE, &delivered, hold));
        start_and_kill(&world, &delivered, &killed)
    });
    assert!(delivered.load(Ordering::Relaxed));

    let scores = world.scores("data");
    world.verify("data");
    let uninterrupted = world.scores("uninterrupted");
    assert!(scores == uninterrupted, "the scores differ");
    let counted = counters(&world.path("data"));
    assert_eq!(counted, counters(&world.path("uninterrupted")));
    assert!(counted.len() >= 15 && counted.values().any(|c| c["corrected"] != 0));

    let events = state::check_published(&world.path("data"));
    assert!(events > 50, "{events} events are too few to say anything");
    eprintln!("{KILLS} kills, {unfinished} of them between commit and result, {events} events");
    // Once more: everything has been told.
    let before = fs::read(world.path("data/alerts.ndjson")).unwrap();
    world
        .tocsin(
            "data",
            &["run", "--once", "--export", text(&world.path("again.csv"))],
        )
        .ok();
    assert_eq!(before, fs::read(world.path("data/alerts.ndjson")).unwrap());
}

/// What a sink is told to do, and where.
fn add_sink(world: &World, receiver: &Receiver) {
    world.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let sink = format!(
        "\n[[sink]]\nname = \"duty\"\ntype = \"webhook\"\nurl = \"{}\"\n\
         secrets = [\"file:secret\"]\nbegin = \"start\"\nclearance = 4\n",
        receiver.url()
    );
    world.append("tocsin.toml", sink);
}

/// Kills of a run that tells: fewer than there are events to tell.
const KILLS_WHILE_TELLING: usize = 10;

/// Starts, and kills in the middle of a request, or just before or behind it.
fn start_and_kill_while_it_tells(world: &World, receiver: &Receiver) {
    let mut random = Random(seed() + 2);
    for _ in 0..KILLS_WHILE_TELLING {
        let live = world.live("data", "127.0.0.1:0");
        let goal = receiver.got().len() + 1 + random.below(5) as usize;
        wait_until("the sink tells", || receiver.got().len() >= goal);
        std::thread::sleep(Duration::from_micros(random.below(25_000)));
        live.kill();
    }
}

/// Runs until the sink has told of everything.
fn drain(world: &World) -> Value {
    for _ in 0..30 {
        world.run_once("data");
        let data = world.path("data");
        let listed = tocsin(&["sink", "list", "--json", "--data", text(&data)]).ok();
        let sinks: Value = serde_json::from_str(&listed.out).unwrap();
        if sinks[0]["position"] == sinks[0]["outbox"] {
            return sinks[0].clone();
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("the sink does not come to an end");
}

#[test]
fn a_webhook_is_told_of_every_event_whatever_is_killed_when() {
    let world = World::with_config("testdata/city");
    set_clock(&world, params().start);
    // One in forty is not taken, one in five takes its time.
    let mut count = 0;
    let receiver = Receiver::start(move |_| {
        count += 1;
        if count % 5 == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        if count % 40 == 13 {
            (503, "")
        } else {
            (200, "")
        }
    });
    add_sink(&world, &receiver);
    let delivered = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| deliver(&world, PAUSE, &delivered, || ()));
        start_and_kill_while_it_tells(&world, &receiver);
    });
    receiver.answer(|_| (200, ""));
    let sink = drain(&world);
    assert_eq!(sink["dead"], 0, "{sink}");

    let received = receiver.got();
    let mut first = Vec::new();
    let mut bodies: HashMap<String, (String, Vec<u8>)> = HashMap::new();
    for request in &received {
        let event: Value = serde_json::from_slice(&request.body).unwrap();
        let id = event["id"].as_str().unwrap().to_owned();
        let said = (request.headers["webhook-id"].clone(), request.body.clone());
        match bodies.get(&id) {
            Some(known) => assert_eq!(*known, said, "{id} is told otherwise the second time"),
            None => first.push(id.clone()),
        }
        bodies.insert(id, said);
    }
    let events = state::events(&world.path("data"));
    let outbox: Vec<String> = events.iter().map(|event| event.id()).collect();
    assert_eq!(
        first, outbox,
        "each at least once, first in the order of the outbox"
    );
    eprintln!("{} events, {} requests", outbox.len(), received.len());
}
