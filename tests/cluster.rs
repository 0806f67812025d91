//! Operators of several machines rely on it: the processes of a cluster make
//! what one process makes, to the byte; a lost one stops them all with a clear
//! message, and started again they go on from the last committed epoch.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::cluster::{Cluster, LOST, Process, all_well};
use support::codes::code;
use support::town::{NAME_3, town};
use support::{World, http, program, state, text, tocsin, wait_until};
use tocsin_testdata::{City, CityParams};

fn params() -> CityParams {
    CityParams {
        enterprises: 400,
        seed: 11,
        start: jiff::civil::date(2024, 1, 1),
        months: 5,
        schemes_per_100k: 8_000,
        ..CityParams::default()
    }
}

/// A city that delivers into a world, day by day.
struct Deliveries<'a> {
    world: &'a World,
    city: City,
    next: jiff::civil::Date,
}

impl<'a> Deliveries<'a> {
    fn new(world: &'a World) -> Self {
        let deliveries = Deliveries {
            world,
            city: City::new(&params()).unwrap(),
            next: params().start,
        };
        deliveries.set_clock();
        deliveries
    }

    fn set_clock(&self) {
        let next = self.world.path("landing/clock.next");
        fs::write(&next, format!("{}T18:00:00+08:00\n", self.next)).unwrap();
        fs::rename(next, self.world.path("landing/clock")).unwrap();
    }

    /// Delivers so many days more.
    fn days(&mut self, days: usize) {
        for _ in 0..days {
            self.set_clock();
            for delivery in self.city.day(self.next).unwrap() {
                let path = format!("landing/{}", delivery.path);
                match delivery.whole {
                    true => self.world.put_whole(&path, &delivery.bytes),
                    false => self.world.append(&path, &delivery.bytes),
                }
            }
            self.next = self.next.tomorrow().unwrap();
        }
    }
}

#[test]
fn two_and_three_processes_make_what_one_makes() {
    let world = World::with_config("testdata/city");
    let mut deliveries = Deliveries::new(&world);
    deliveries.days(60);
    let first = Cluster::new(&world, "one", 1).once("2");
    for (name, processes, workers) in [("two", 2, "1"), ("three", 3, "2")] {
        let cluster = Cluster::new(&world, name, processes);
        let (scores, events) = cluster.once(workers);
        assert!(scores == first.0, "{processes} processes score otherwise");
        assert!(events == first.1, "{processes} processes tell otherwise");
        let shares: Vec<usize> = (0..processes).map(|k| cluster.segments(k)).collect();
        assert!(shares.iter().all(|share| *share > 4), "{shares:?}");
    }
    // Corrections, windows and a restart: what comes later counts as well.
    deliveries.days(60);
    let one = Cluster::new(&world, "one", 1);
    let second = one.once("2");
    assert!(second.1.len() > first.1.len());
    let rejects = state::rejects(&one.data(0));
    for (name, processes) in [("two", 2), ("three", 3)] {
        let cluster = Cluster::new(&world, name, processes);
        let (scores, events) = cluster.once("1");
        assert!(scores == second.0, "{processes} processes score otherwise");
        assert!(events == second.1, "{processes} processes tell otherwise");
        assert_eq!(state::rejects(&cluster.data(0)), rejects);
        let half = world.tocsin(&format!("{name}-0"), &["verify"]);
        assert!(
            half.err
                .contains("a part of this state lies with process 1"),
            "{}",
            half.err
        );
        cluster.verify_together();
    }
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)) % bound
    }
}

/// When a process is killed.
enum Moment {
    /// So long after it was started, whatever it does by then.
    AfterStart(Duration),
    /// So long after process 0 began to serve: epochs are under way.
    WhileServing(Duration),
}

/// Starts three processes, kills one of them, and looks at how the others end;
/// gives whether they had met it.
fn start_and_kill(cluster: &Cluster<'_>, victim: usize, moment: &Moment) -> bool {
    let listen = http::free_address();
    let mut started = cluster.start("1", &["--poll-ms", "10", "--listen", &listen]);
    match moment {
        Moment::AfterStart(after) => std::thread::sleep(*after),
        Moment::WhileServing(after) => {
            wait_until("process 0 serves", || {
                http::try_get(&listen, "/healthz").is_some()
            });
            std::thread::sleep(*after);
        }
    }
    started.remove(victim).kill();
    let mut met = true;
    for other in started {
        // Those that were still waiting for it go on waiting.
        let Ok((code, err)) = other.ended_within(Duration::from_secs(4)) else {
            met = false;
            continue;
        };
        assert_eq!(code, Some(LOST), "{err}");
        // Before all have met, some may only see who stopped because of it.
        let named = format!("process {victim} (127.0.0.1:");
        let serving = matches!(moment, Moment::WhileServing(_));
        assert!(err.contains(&named) || !serving, "{err}");
        assert!(err.contains("is lost: "), "{err}");
        assert!(err.contains("Start every process again"), "{err}");
        assert!(!err.contains("panicked"), "{err}");
    }
    met
}

#[test]
fn a_kill_of_any_process_at_any_moment_loses_and_doubles_nothing() {
    let world = World::with_config("testdata/city");
    let over = AtomicBool::new(false);
    let mut deliveries = Deliveries::new(&world);
    deliveries.days(20);
    let cluster = Cluster::new(&world, "killed", 3);
    let met = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) && deliveries.next.month() < 5 {
                deliveries.days(1);
                std::thread::sleep(Duration::from_millis(150));
            }
        });
        let mut random = Random(5);
        let kills = [1, 0, 2, 0, 1, 2, 0, 1];
        let mut met = 0;
        for (number, victim) in kills.into_iter().enumerate() {
            let moment = match number % 4 {
                1 => Moment::AfterStart(Duration::from_millis(100 + random.below(2_000))),
                _ => Moment::WhileServing(Duration::from_millis(random.below(700))),
            };
            met += usize::from(start_and_kill(&cluster, victim, &moment));
        }
        over.store(true, Ordering::Relaxed);
        met
    });
    eprintln!("{met} of 8 kills hit a cluster that had met");
    assert!(met >= 6, "{met} kills are too few to say anything");
    let (scores, _) = cluster.once("1");
    assert!(scores == Cluster::new(&world, "calm", 1).once("2").0);
    let events = state::check_published(&cluster.data(0));
    assert!(events > 50, "{events} events are too few to say anything");
    cluster.verify_together();
}

/// The small town, its sources dealt out by declaration.
fn shared_town() -> World {
    let world = town();
    for (source, process) in [
        ("msa/registration", 1),
        ("msa/penalty", 0),
        ("12345/ticket", 1),
        ("pbc/lead", 1),
        ("pbc/account", 0),
    ] {
        let file = format!("sources/{source}.toml");
        let declared = world.read(&file);
        world.write(&file, format!("process = {process}\n{declared}"));
    }
    world
}

#[test]
fn process_0_serves_what_the_others_have() {
    let world = shared_town();
    let alone = world.scores("alone");
    let cluster = Cluster::new(&world, "live", 2);
    let listen = http::free_address();
    let started = cluster.start("1", &["--poll-ms", "10", "--listen", &listen]);
    wait_until("the cluster is ready", || {
        http::try_get(&listen, "/readyz").is_some_and(|reply| reply.status == 200)
    });
    // Its registration and complaints lie with process 1.
    let path = format!("/api/v1/enterprises/{}/explanation", code(3));
    let explained = http::get(&listen, &path).json();
    let same = world.explain("alone", NAME_3);
    for figure in ["id", "name", "log_odds", "index", "contributions"] {
        let (ours, theirs) = (&explained[figure], &same[figure]);
        // When records arrived is not the same.
        let without = |v: &serde_json::Value| v.to_string().replace("arrival", "");
        assert_eq!(without(ours), without(theirs), "{figure}");
    }
    // Who waits for a name is known by the workers of both.
    let waiting = http::get(&listen, "/api/v1/identity/waiting").json();
    assert!(waiting["waiting"].is_array(), "{waiting}");
    // Other rules would have to reach all processes at one instant.
    let reply = http::post_json(&listen, "/api/v1/rules/reload", "");
    assert_eq!(reply.status, 422, "{reply:?}");
    assert!(
        reply.body.contains("a cluster keeps the rules"),
        "{reply:?}"
    );
    let reply = http::post_json(
        &listen,
        "/api/v1/whatif",
        r#"{"set": ["levels.thresholds.blue=50"]}"#,
    );
    assert_eq!(reply.status, 422, "{reply:?}");
    assert!(reply.body.contains("a cluster does not say"), "{reply:?}");
    // What is pushed goes to whoever takes the source in.
    let ticket = "/api/v1/sources/12345/ticket/records";
    let header = "工单编号,被反映单位,诉求内容,来电日期,op";
    let reply = http::post(&listen, ticket, &format!("{header}\nT2,,,,D\nT9,,,不是,\n"));
    assert_eq!(reply.status, 200, "{reply:?}");
    let counted = reply.json();
    assert_eq!(
        (&counted["read"], &counted["withdrawn"]),
        (&2.into(), &1.into())
    );
    let rejects = http::get(&listen, "/api/v1/sources/12345/ticket/rejects").json();
    assert!(rejects.to_string().contains("T9"), "{rejects}");
    let lower = http::get(&listen, &path).json();
    assert!(lower["log_odds"].as_i64() < explained["log_odds"].as_i64());

    // Any process that is asked to stop stops all, in order.
    started[1].signal("-TERM");
    all_well(started);
    world.deliver("12345/ticket/2026", "T2,,,,D\n");
    let corrected = world.scores("alone");
    assert_ne!(corrected, alone);
    fs::remove_file(world.path("landing/12345/ticket/2026.csv")).unwrap();
    assert_eq!(cluster.once("1").0, corrected);
    cluster.verify_together();
}

#[test]
fn small_epochs_of_another_process_become_a_file() {
    let world = shared_town();
    let cluster = Cluster::new(&world, "rolled", 2);
    let listen = http::free_address();
    let started = cluster.start("1", &["--poll-ms", "10", "--listen", &listen]);
    wait_until("the cluster is ready", || {
        http::try_get(&listen, "/readyz").is_some_and(|reply| reply.status == 200)
    });
    let before = cluster.segments(1);
    let header = "工单编号,被反映单位,诉求内容,来电日期,op\n";
    // Each push corrects a part of the one before; all are too small for files.
    for push in 0..6 {
        let ticket = |n: u32| format!("T{n},{NAME_3},到期不兑付{push},2025-06-2{push},\n");
        let rows: String = (push * 2_000..push * 2_000 + 3_500).map(ticket).collect();
        let path = "/api/v1/sources/12345/ticket/records";
        let reply = http::post(&listen, path, &format!("{header}{rows}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        world.append("landing/12345/ticket/kept.txt", &rows);
    }
    wait_until("the rows are in a file", || cluster.segments(1) > before);
    started[0].signal("-TERM");
    all_well(started);
    // What was pushed, as one file for a run of one process.
    let kept = world.read("landing/12345/ticket/kept.txt");
    let (again, _) = cluster.once("1");
    world.write("landing/12345/ticket/later.csv", format!("{header}{kept}"));
    assert_eq!(world.scores("alone"), again);
    fs::remove_file(world.path("landing/12345/ticket/later.csv")).unwrap();
    cluster.verify_together();
}

#[test]
fn processes_that_do_not_fit_are_refused_with_the_difference() {
    let world = shared_town();
    let cluster = Cluster::new(&world, "odd", 2);
    let leader = Process::start(cluster.command(0, &["--once", "--workers", "2"]));
    let refused = |process: Process, why: &str| {
        let (code, err) = process.ended();
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(why), "{err}");
    };
    let start = |more: &[&str]| Process::start(cluster.command(1, more));
    refused(start(&["--workers", "1"]), "differ in: --workers (2 / 1)");
    let config = world.read("tocsin.toml");
    let other = world.path("other.toml");
    fs::write(&other, format!("{config}\n# another\n")).unwrap();
    let changed = cluster.arguments(1, &["--workers", "2"]);
    let changed = changed
        .iter()
        .map(|argument| match argument.ends_with("tocsin.toml") {
            true => text(&other),
            false => argument,
        });
    let changed = program(&changed.collect::<Vec<_>>());
    refused(
        Process::start(changed),
        "differ in: configuration; all must run the same",
    );
    let key = cluster.data(1).join("pseudonym.key");
    fs::write(&key, [8; 32]).unwrap();
    refused(
        start(&["--workers", "2"]),
        "copy that of process 0's state directory",
    );
    fs::remove_file(&key).unwrap();
    refused(
        start(&["--workers", "2"]),
        "is missing: all processes of a cluster",
    );
    fs::write(&key, [7; 32]).unwrap();
    let follower = start(&["--workers", "2"]);
    all_well(vec![leader, follower]);

    // A process's state is nobody else's.
    let alone = world.tocsin("odd-1", &["verify"]);
    assert!(
        alone.err.contains("is that of process 1 of a cluster"),
        "{}",
        alone.err
    );
    world.edit("sources/12345/ticket.toml", "process = 1", "process = 0");
    let started = cluster.start("2", &["--once"]);
    let ended: Vec<_> = started.into_iter().map(Process::ended).collect();
    assert_eq!(ended[0].0, Some(1), "{}", ended[0].1);
    assert!(ended[0].1.contains("12345/ticket"), "{}", ended[0].1);
    assert!(
        ended[1].1.contains("process 0 cannot go on"),
        "{}",
        ended[1].1
    );
    let wrong = tocsin(&["run", "--process", "1"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
}

/// Two network namespaces with a cable between them; gone when it is let go of.
struct Cable {
    names: [String; 2],
}

impl Cable {
    /// Why there is none, where the machine does not allow it.
    fn lay() -> Result<Cable, String> {
        let id = std::process::id() % 10_000;
        let cable = Cable {
            names: [format!("toca{id}"), format!("tocb{id}")],
        };
        let [a, b] = &cable.names;
        ip(&["netns", "add", a])?;
        ip(&["netns", "add", b])?;
        let link = ["link", "add", a, "netns", a, "type", "veth"];
        ip(&[&link[..], &["peer", "name", b, "netns", b]].concat())?;
        for (name, address) in [(a, "10.213.0.1/24"), (b, "10.213.0.2/24")] {
            ip(&["-n", name, "addr", "add", address, "dev", name])?;
            ip(&["-n", name, "link", "set", name, "up"])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
        }
        Ok(cable)
    }

    fn set(&self, state: &str) {
        let name = &self.names[1];
        ip(&["-n", name, "link", "set", name, state]).unwrap();
    }

    /// Starts both processes, each in its own namespace.
    fn start(&self, cluster: &Cluster<'_>, leader: &[&str]) -> Vec<Process> {
        let start = |process: usize| {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &self.names[process]]);
            command.arg(env!("CARGO_BIN_EXE_tocsin"));
            command.args(cluster.arguments(process, if process == 0 { leader } else { &[] }));
            Process::start(command)
        };
        vec![start(0), start(1)]
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = ip(&["netns", "del", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let ran = Command::new("ip").args(arguments).output();
    let ran = ran.map_err(|error| format!("`ip`: {error}"))?;
    match ran.status.success() {
        true => Ok(()),
        false => Err(format!(
            "`ip {}`: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&ran.stderr).trim()
        )),
    }
}

#[test]
fn machines_that_lose_their_network_stop_and_go_on_later() {
    let cable = match Cable::lay() {
        Ok(cable) => cable,
        Err(why) => {
            eprintln!("skipped, network namespaces cannot be made here: {why}");
            return;
        }
    };
    let world = World::with_config("testdata/city");
    let mut deliveries = Deliveries::new(&world);
    deliveries.days(20);
    let addresses = ["10.213.0.1:7000".to_owned(), "10.213.0.2:7000".to_owned()];
    let cluster = Cluster::at(&world, "far", &addresses);
    let started = cable.start(&cluster, &["--listen", "127.0.0.1:8089", "--poll-ms", "10"]);
    wait_until("both have taken records in", || {
        let landed =
            |k| cluster.data(k).join("landing/segments").exists() && cluster.segments(k) > 0;
        landed(0) && landed(1)
    });
    cable.set("down");
    for process in started {
        let (code, err) = process.ended();
        assert_eq!(code, Some(LOST), "{err}");
        assert!(
            err.contains("is lost: nothing has come from it for 2000 ms"),
            "{err}"
        );
    }
    cable.set("up");
    deliveries.days(5);
    let export = world.path("far.csv");
    all_well(cable.start(&cluster, &["--once", "--export", text(&export)]));
    let alone = Cluster::new(&world, "near", 1).once("2").0;
    assert!(fs::read_to_string(export).unwrap() == alone);
    cluster.verify_together();
}
