//! An engine in several processes: here several engines in one, joined as they
//! would be across machines.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, OnceLock};

use support::*;
use tocsin_dataflow::{
    Carrier, Engine, EngineConfig, EpochOutput, Inbox, Loader, Peers, Waiting, WaitingQuery,
    midnight,
};
use tocsin_ingest::fact::{Alias, Facts, Link, NEVER, Profile, Standing, Term};

const DAY: i32 = 20_000;
const NOON: u64 = 12 * 3_600_000;

/// Hands rows over on the spot.
#[derive(Default)]
struct Inboxes(Vec<OnceLock<Inbox>>);

impl Carrier for Inboxes {
    fn carry(&self, process: usize, rows: Vec<u8>) {
        self.0[process].get().unwrap().deliver(&rows).unwrap();
    }
}

/// Sockets between every two of so many processes.
fn sockets(processes: usize) -> Vec<Vec<Option<TcpStream>>> {
    let mut all: Vec<Vec<Option<TcpStream>>> = Vec::new();
    for one in 0..processes {
        let mut own = Vec::new();
        for lower in &mut all {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let called = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            own.push(Some(called));
            lower[one] = Some(listener.accept().unwrap().0);
        }
        own.resize_with(processes, || None);
        all.push(own);
    }
    all
}

fn joined(processes: usize, workers: usize) -> Vec<Engine> {
    let inboxes = Arc::new(Inboxes((0..processes).map(|_| OnceLock::new()).collect()));
    let join = |(process, sockets): (usize, Vec<Option<TcpStream>>)| {
        let carrier: Arc<dyn Carrier> = Arc::clone(&inboxes) as _;
        let peers = Peers {
            process,
            sockets,
            carrier,
        };
        let plan = plan();
        let model = model(&plan, 0);
        let config = EngineConfig { workers, plan };
        let engine = Engine::join(config, peers, midnight(DAY) + NOON, Some(model)).unwrap();
        assert!(inboxes.0[process].set(engine.inbox()).is_ok());
        engine
    };
    sockets(processes)
        .into_iter()
        .enumerate()
        .map(join)
        .collect()
}

/// Some hold for ever, some end within the three epochs.
fn term(n: u128) -> Term {
    match n % 4 {
        0 => Term {
            from: 0,
            until: DAY as u16 + 1 + (n % 6) as u16,
        },
        _ => Term::ALWAYS,
    }
}

/// What the n-th record says: something of everything.
fn facts(n: u128) -> Facts {
    let lasting = |subject, slot| observed(subject, slot, NEVER, 100 * n as i64);
    match n % 7 {
        0 => lasting(account(n % 13), AMOUNT),
        1 if n.is_multiple_of(2) => observed(name(n % 11), SIGNAL, DAY + (n % 5) as i32, 20_000),
        // Nobody bears some of these names.
        1 => observed(name(n % 13), MENTION, NEVER, 0),
        2 => Facts {
            aliases: vec![Alias {
                alias: name(n % 11),
                enterprise: enterprise(n % 11 % 9),
                term: term(n),
                standing: Standing::Borne,
            }],
            ..Facts::default()
        },
        3 => Facts {
            links: vec![Link {
                from: account(n % 13),
                to: person(n % 5),
                kind: 0,
                term: term(n),
                named: 0,
            }],
            ..Facts::default()
        },
        4 => Facts {
            links: vec![Link {
                from: person(n % 5),
                to: enterprise(n % 9),
                kind: (n % 3) as u8,
                term: term(n),
                named: 0,
            }],
            ..Facts::default()
        },
        5 => Facts {
            profiles: vec![Profile {
                subject: enterprise(n % 9),
                source: 4,
                day: n as i32,
                record: n as u64,
                values: vec![(CAPITAL, 10_000 * n as i64)],
                named: 0,
            }],
            ..Facts::default()
        },
        _ => registered(n % 9),
    }
}

/// Three epochs: everything, a part taken back, days that pass.
fn play(mut loaders: Vec<Loader>, advance: impl Fn(u64) -> EpochOutput) -> Vec<EpochOutput> {
    let mut load = |range: std::ops::Range<u128>, diff: i32| {
        for n in range {
            let loader = n as usize % loaders.len();
            loaders[loader].add(&facts(n), diff);
        }
        loaders.iter_mut().for_each(Loader::flush);
    };
    load(0..400, 1);
    let first = advance(midnight(DAY) + NOON);
    load(0..90, -1);
    load(400..430, 1);
    let second = advance(midnight(DAY + 1) + NOON);
    let third = advance(midnight(DAY + 9) + NOON);
    vec![first, second, third]
}

#[test]
fn an_engine_in_several_processes_puts_out_what_one_does() {
    let one = engine(2, midnight(DAY) + NOON);
    let expected = play(vec![one.loader()], |time| one.advance(time).unwrap());
    assert!(expected.iter().all(|output| !output.changes.is_empty()));
    let grouped = |output: &EpochOutput| !output.groups.is_empty() && !output.members.is_empty();
    assert!(grouped(&expected[0]));
    let all = WaitingQuery {
        slot: None,
        ambiguous: None,
        most: 100,
    };
    let waits = one.waiting(all).unwrap();
    assert!(waits.aliases > 0);
    for (processes, workers) in [(2, 1), (2, 2), (3, 1)] {
        let engines = joined(processes, workers);
        let loaders = engines.iter().map(Engine::loader).collect();
        // All close the epoch at the same time: none can without the others.
        let found = play(loaders, |time| {
            let outputs: Vec<EpochOutput> = std::thread::scope(|scope| {
                let running: Vec<_> = engines
                    .iter()
                    .map(|engine| scope.spawn(move || engine.advance(time).unwrap()))
                    .collect();
                running.into_iter().map(|r| r.join().unwrap()).collect()
            });
            assert!(time != midnight(DAY) + NOON || outputs.iter().all(|o| !o.changes.is_empty()));
            let mut all = outputs.into_iter();
            let mut sum = all.next().unwrap();
            all.for_each(|output| sum.absorb(output));
            sum.sort();
            sum
        });
        assert_eq!(
            found, expected,
            "{processes} processes, {workers} workers each"
        );
        let mut sum = Waiting::default();
        for engine in &engines {
            sum.add(engine.waiting(all).unwrap(), all.most);
        }
        assert_eq!(sum, waits);
        std::thread::scope(|scope| {
            engines.into_iter().for_each(|engine| {
                scope.spawn(move || engine.close());
            });
        });
    }
}
