//! Engineers rely on it: many systems push at once, each is told what became of its
//! own records, and files are not forgotten meanwhile.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::codes::code;
use support::{http, town};

const PENALTIES: &str = "/api/v1/sources/msa/penalty/records";
const HEADER: &str = "文号,代码,当事人,金额,决定日期,op\n";
const CLIENTS: usize = 8;
const ROUNDS: usize = 15;
/// Files are looked for at least so often, with all that a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a client pushes in a round: some good rows, one in three of which corrects
/// its own of the round before, and one that is refused in every other round.
fn rows(client: usize, round: usize) -> (String, [u64; 4]) {
    let row = |number: String, amount| format!("{number},{},,{amount},2025-06-01,\n", code(2));
    let mut text = HEADER.to_owned();
    for number in 0..=client {
        text += &row(format!("N{client}-{round}-{number}"), 100);
    }
    let corrected = u64::from(round % 3 == 1);
    if corrected == 1 {
        text += &row(format!("N{client}-{}-0", round - 1), 700);
    }
    let refused = (round % 2) as u64;
    if refused == 1 {
        text += &format!("N{client}-{round}-x,{},,1,someday,\n", code(2));
    }
    let accepted = client as u64 + 1 + corrected;
    (text, [accepted + refused, accepted, corrected, refused])
}

fn push_all(at: &str, client: usize) {
    for round in 0..ROUNDS {
        let (text, expected) = rows(client, round);
        let reply = http::post(at, PENALTIES, &text);
        assert_eq!(reply.status, 200, "{}", reply.body);
        let told = reply.json();
        let counts = ["read", "accepted", "corrected"].map(|name| told[name].as_u64().unwrap());
        let rejected = told["rejected"].as_object().unwrap().values();
        let rejected: u64 = rejected.map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(
            [counts[0], counts[1], counts[2], rejected],
            expected,
            "{told}"
        );
    }
}

#[test]
fn who_pushes_beside_others_is_told_of_their_own_records() {
    let world = town::town();
    let live = world.ready("data");
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let at = &live.at;
            scope.spawn(move || push_all(at, client));
        }
    });
    live.stop();
    let all = (0..CLIENTS).flat_map(|client| (0..ROUNDS).map(move |round| rows(client, round).1));
    let new: u64 = all
        .map(|[_, accepted, corrected, _]| accepted - corrected)
        .sum();
    let part = world.explain("data", &code(2));
    let records = part["contributions"].as_array().unwrap().iter();
    let fines = records
        .filter(|c| c["feature"] == "penalties")
        .map(|c| &c["value"]);
    assert_eq!(fines.collect::<Vec<_>>(), [new as f64 + 1.0], "{part}");
    world.verify("data");
}

#[test]
fn files_are_looked_for_although_pushes_never_pause() {
    let world = town::town();
    let live = world.ready("data");
    let (done, begun) = (AtomicBool::new(false), Instant::now());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (at, done) = (&live.at, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) && begun.elapsed() < 2 * PATIENCE {
                    let (text, _) = rows(client, 0);
                    assert_eq!(http::post(at, PENALTIES, &text).status, 200);
                }
            });
        }
        world.deliver(
            "12345/ticket/later",
            "T9,丁贸易有限公司,承诺保本,2025-06-21,\n",
        );
        let delivered = Instant::now();
        let taken_in = || {
            let source = http::get(&live.at, "/api/v1/sources/12345/ticket").json();
            source["read"].as_u64().unwrap() == 3
        };
        let in_time = loop {
            if taken_in() {
                break true;
            }
            if delivered.elapsed() > PATIENCE {
                break false;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        done.store(true, Ordering::Relaxed);
        assert!(in_time, "not taken in after {PATIENCE:?}");
    });
    live.stop();
    world.verify("data");
}
