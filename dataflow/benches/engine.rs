//! What the engine costs: a bulk load, single changes, and nothing at all.
//!
//! `cargo bench -p tocsin-dataflow [-- <records> <enterprises> <windowed %>]`
//! prints CPU per record, memory and latencies. The defaults are 6,000,000
//! records over 300,000 enterprises, three observations each, none windowed.
#![allow(clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fs::read_to_string;
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::{enterprise, model};
use tocsin_dataflow::{
    Aggregate, Assessment, Engine, EngineConfig, FeatureDef, Keeping, Loader, Measure, Plan, Role,
    Rules, SlotDef, midnight,
};
use tocsin_ingest::fact::{Facts, Link, NEVER, Observation, SubjectKey, Term};
use tocsin_models::{Category, FeatureKind, FeatureSpec};

/// The allocator that the binary uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SOURCES: u16 = 5;
const DAY: i32 = 20_500;
const BATCH: u64 = 8_192;
const CHANGES: usize = 10_000;
/// Some 30 shared links each.
const GROUPS: u64 = 18_000;

struct Size {
    records: u64,
    enterprises: u64,
    windowed: u64,
}

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<u64>().ok());
    let size = Size {
        records: numbers.next().unwrap_or(6_000_000),
        enterprises: numbers.next().unwrap_or(300_000),
        windowed: numbers.next().unwrap_or(0),
    };
    let plan = plan();
    let model = model(&plan, 0);
    let start = midnight(DAY) + 1;
    let engine = Engine::start(EngineConfig { workers: 2, plan }, start, Some(model)).unwrap();
    load(&engine, &size, start);
    single_changes(&engine, &size, start + 1);
    versions(&engine, &size, start + 1 + CHANGES as u64);
    idle();
    println!("memory: {:.0} MB at the end", memory_mb("VmRSS:"));
    for held in engine.stats().unwrap().arrangements {
        if held.rows > 0 {
            let mb = held.bytes as f64 / 1e6;
            println!("held: {:<24} {:>9} rows {mb:>8.1} MB", held.name, held.rows);
        }
    }
    drop(engine);
    link_changes(start);
}

/// Groups of 20 enterprises: five persons who control four each, telephones that
/// join the fives. A change takes one telephone's link away, or puts it back.
fn link_changes(start: u64) {
    let engine = Engine::start(
        EngineConfig {
            workers: 2,
            plan: support::plan_with_groups(200),
        },
        start,
        None,
    )
    .unwrap();
    let plan = support::plan_with_groups(200);
    engine.set_model(start, model(&plan, 0)).unwrap();
    let mut loader = engine.loader();
    let mut links = 0;
    for group in 0..GROUPS {
        let mut facts = Facts::default();
        for member in 0..20 {
            let number = group * 20 + member;
            facts.observations.push(Observation {
                subject: enterprise(u128::from(number)),
                expiry: NEVER,
                slot: support::REGISTERED,
                day: 0,
                value: 10_000,
            });
            facts
                .links
                .push(linked(support::person(u128::from(number / 4)), number));
            if member % 4 == 0 && member > 0 {
                let phone = support::account(u128::from(number));
                facts
                    .links
                    .extend([linked(phone, number), linked(phone, number - 1)]);
            }
        }
        links += facts.links.len();
        loader.add(&facts, 1);
    }
    loader.flush();
    let clock = Instant::now();
    let output = engine.advance(start).unwrap();
    let taken = clock.elapsed().as_secs_f64();
    println!(
        "graph: {links} shared links, {} members, {taken:.2} s",
        output.members.len()
    );
    let mut taken = Vec::with_capacity(CHANGES);
    let mut changed = 0;
    for change in 0..CHANGES as u64 {
        let number = (change / 2 * 7_919 % GROUPS) * 20 + 8;
        let facts = Facts {
            links: vec![linked(support::account(u128::from(number)), number)],
            ..Facts::default()
        };
        let clock = Instant::now();
        loader.add(&facts, if change % 2 == 0 { -1 } else { 1 });
        loader.flush();
        changed += engine.advance(start + 1 + change).unwrap().members.len();
        taken.push(clock.elapsed());
    }
    taken.sort_unstable();
    let at = |per_mille: usize| taken[CHANGES * per_mille / 1000].as_secs_f64() * 1e3;
    println!(
        "link changes: {changed} memberships, p50 {:.3} ms, p99 {:.3} ms",
        at(500),
        at(990),
    );
    for held in engine.stats().unwrap().arrangements {
        if held.rows > 0 {
            let mb = held.bytes as f64 / 1e6;
            println!("held: {:<24} {:>9} rows {mb:>8.1} MB", held.name, held.rows);
        }
    }
}

fn linked(from: SubjectKey, number: u64) -> Link {
    let to = enterprise(u128::from(number));
    Link {
        from,
        to,
        kind: 0,
        term: Term::ALWAYS,
        named: 0,
    }
}

/// Three slots a source, one feature a slot, and one that registers.
fn plan() -> Plan {
    let mut plan = Plan::default();
    for source in 0..SOURCES {
        for role in [Role::Mention, Role::Signal, Role::Signal] {
            let slot = plan.slots.len() as u16;
            let agency = source as u8;
            plan.slots.push(SlotDef {
                source,
                agency,
                role,
                keeping: Keeping::default(),
            });
            let aggregate = if slot % 3 == 2 {
                Aggregate::Sum
            } else {
                Aggregate::Count
            };
            let name = format!("f{slot}");
            plan.features.push(FeatureDef {
                spec: FeatureSpec::new(name, Category::A, FeatureKind::Number),
                measure: Measure {
                    slots: vec![slot],
                    aggregate,
                    half_life: None,
                },
                per: None,
                hard: false,
                marks: 0,
            });
        }
    }
    plan.slots[0].role = Role::Registers;
    plan
}

/// The facts of records `from..to`, three observations each.
fn batch(size: &Size, from: u64, to: u64) -> Facts {
    let mut facts = Facts::default();
    for record in from..to {
        let hash = record.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let source = if record < size.enterprises {
            0
        } else {
            (hash >> 40) % 5
        } as u16;
        let subject = match record < size.enterprises {
            true => enterprise(u128::from(record)),
            false => enterprise(u128::from((hash >> 3) % size.enterprises)),
        };
        let windowed = hash % 100 < size.windowed;
        let expiry = if windowed {
            DAY + 1 + (hash >> 20) as i32 % 365
        } else {
            NEVER
        };
        for (offset, value) in [(0, 10_000), (1, 10_000), (2, (hash % 90_000) as i64)] {
            facts.observations.push(Observation {
                subject,
                expiry: if offset == 0 { NEVER } else { expiry },
                slot: source * 3 + offset,
                day: (DAY - (hash >> 20) as i32 % 365) as u16,
                value,
            });
        }
    }
    facts
}

fn load(engine: &Engine, size: &Size, time: u64) {
    let (cpu, clock) = (cpu_seconds(), Instant::now());
    each_batch(size, |facts| drop(std::hint::black_box(facts)));
    let (made_cpu, made_clock) = (cpu_seconds() - cpu, clock.elapsed());
    let before = memory_mb("VmRSS:");
    let (cpu, clock) = (cpu_seconds(), Instant::now());
    let mut loader = engine.loader();
    each_batch(size, |facts| loader.add(&facts, 1));
    loader.flush();
    let sent = clock.elapsed() - made_clock;
    let output = engine.advance(time).unwrap();
    let (cpu, clock) = (cpu_seconds() - cpu - made_cpu, clock.elapsed() - made_clock);
    println!(
        "load: {} records, {} changes, {:.2} s ({:.2} s to send), {:.3} µs CPU a record",
        size.records,
        output.changes.len(),
        clock.as_secs_f64(),
        sent.as_secs_f64(),
        cpu * 1e6 / size.records as f64,
    );
    drop((output, loader));
    println!(
        "memory: {before:.0} MB before, {:.0} MB at the peak, {:.0} MB after",
        memory_mb("VmHWM:"),
        memory_mb("VmRSS:"),
    );
}

fn each_batch(size: &Size, mut action: impl FnMut(Facts)) {
    for from in (0..size.records).step_by(BATCH as usize) {
        action(batch(size, from, size.records.min(from + BATCH)));
    }
}

fn single_changes(engine: &Engine, size: &Size, mut time: u64) {
    let mut loader: Loader = engine.loader();
    let mut taken = Vec::with_capacity(CHANGES);
    let mut changed = 0;
    for change in 0..CHANGES as u64 {
        let record = size.records + change;
        let facts = batch(size, record, record + 1);
        let clock = Instant::now();
        loader.add(&facts, 1);
        loader.flush();
        changed += engine.advance(time).unwrap().changes.len();
        taken.push(clock.elapsed());
        time += 1;
    }
    taken.sort_unstable();
    let at = |per_mille: usize| taken[CHANGES * per_mille / 1000].as_secs_f64() * 1e3;
    println!(
        "single changes: {changed} of {CHANGES}, p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms",
        at(500),
        at(990),
        at(999),
    );
}

/// A new model version over all enterprises, the same with a challenger beside
/// it, and a survey by two models while single changes go on.
fn versions(engine: &Engine, size: &Size, mut time: u64) {
    let rules = |intercept| Rules::new(plan(), model(&plan(), intercept)).unwrap();
    let mut costs = Vec::new();
    for (intercept, challenged) in [(1, false), (2, true), (3, true), (4, false), (5, false)] {
        let mut version = rules(intercept);
        if challenged {
            let grade = |assessment: &Assessment| (assessment.score.index / 2_001) as u8;
            let challenger = model(&plan(), -intercept);
            version = version.beside(challenger, Arc::new(grade)).unwrap();
        }
        let (cpu, clock) = (cpu_seconds(), Instant::now());
        engine.set_rules(time, version).unwrap();
        let changes = engine.advance(time).unwrap().changes.len();
        let (cpu, clock) = (cpu_seconds() - cpu, clock.elapsed().as_secs_f64());
        time += 1;
        let beside = if challenged { " with a challenger" } else { "" };
        println!("version{beside}: {changes} changes, {clock:.2} s, {cpu:.2} s CPU");
        costs.push(cpu);
    }
    // The third had a challenger before and after, the fifth neither.
    println!(
        "a challenger costs {:.2} times the CPU; a version over 3.2 million: {:.1} s CPU",
        costs[2] / costs[4],
        costs[4] * 3.2e6 / size.enterprises as f64
    );
    let (cpu, clock) = (cpu_seconds(), Instant::now());
    let survey = engine.survey(&[rules(5), rules(6)], || Box::new(|_, _, _| {}));
    survey.unwrap().wait().unwrap();
    let (cpu, clock) = (cpu_seconds() - cpu, clock.elapsed().as_secs_f64());
    println!("survey by two models: {clock:.2} s, {cpu:.2} s CPU");
    let survey = engine.survey(&[rules(5), rules(6)], || Box::new(|_, _, _| {}));
    println!("beside a survey:");
    single_changes(engine, size, time);
    survey.unwrap().wait().unwrap();
}

fn idle() {
    let cpu = cpu_seconds();
    std::thread::sleep(Duration::from_secs(2));
    println!("idle: {:.0} ms CPU in 2 s", (cpu_seconds() - cpu) * 1e3);
}

/// User and system time of this process so far.
fn cpu_seconds() -> f64 {
    let stat = read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11..13]
        .iter()
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    ticks / 100.0
}

fn memory_mb(field: &str) -> f64 {
    let status = read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let kb = line.split_whitespace().nth(1).unwrap();
    kb.parse::<f64>().unwrap() / 1e3
}
