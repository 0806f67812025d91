//! An analyst has a model learn from how enterprises were known months before
//! their checks, and no look sees what came after it.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use support::World;
use support::codes::code;

/// Registered in January, checked in July; those of `LATE` registered in June.
const CHECKED: u32 = 12;
const LATE: u32 = 4;

fn was_positive(number: u32) -> bool {
    number.is_multiple_of(2)
}

/// Complaints about all on one day.
fn complaints(day: &str, op: &str) -> String {
    let about = |n| format!("{day}-{n},企业{n}有限公司,保本返利,{day},{op}\n");
    (1..=CHECKED).map(about).collect()
}

fn registrations(numbers: impl Iterator<Item = u32>) -> String {
    let row = |n| format!("{},企业{n}有限公司,人{n},10万,,2024-05-01\n", code(n));
    numbers.map(row).collect()
}

fn outcomes(positive: impl Fn(u32) -> bool, name: &str) -> String {
    let ended = |n| ["未发现", "认定非法集资"][usize::from(positive(n))];
    let row = |n| format!("{name}{n},{},{}\n", code(n), ended(n));
    (1..=CHECKED).map(row).collect()
}

/// One complaint in January, withdrawn in May; one in March, one in June.
fn past() -> World {
    let world = World::new();
    let arrives = |world: &World, day: &str| {
        world.set_day(day);
        world.run_once("data");
    };
    world.deliver("msa/registration/all", &registrations(LATE + 1..=CHECKED));
    world.deliver("12345/ticket/january", &complaints("2025-01-09", ""));
    arrives(&world, "2025-01-10");
    world.deliver("12345/ticket/march", &complaints("2025-03-09", ""));
    arrives(&world, "2025-03-10");
    world.deliver("12345/ticket/withdrawn", &complaints("2025-01-09", "D"));
    arrives(&world, "2025-05-10");
    world.deliver("msa/registration/late", &registrations(1..=LATE));
    world.deliver("12345/ticket/june", &complaints("2025-06-09", ""));
    arrives(&world, "2025-06-10");
    world.deliver("finance-office/outcome/july", &outcomes(was_positive, "H"));
    arrives(&world, "2025-07-20");
    world
}

fn look_at(world: &World, months: &str) {
    let training = format!("[training]\nas_of = \"outcome\"\n{months}\n\n[clock]");
    world.edit("tocsin.toml", "[clock]", &training);
}

/// The complaints that each example of an enterprise knows of, by enterprise.
fn known(world: &World) -> BTreeMap<String, Vec<String>> {
    let file = world.path("examples.csv");
    let arguments = ["evaluate", "--features", support::text(&file)];
    world.tocsin("data", &arguments).ok();
    let mut rows = csv::Reader::from_path(&file).unwrap();
    let head = rows.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let (id, complaints) = (at("id"), at("complaints:number"));
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows.records() {
        let row = row.unwrap();
        let of = known.entry(row[id].to_owned()).or_default();
        of.push(row[complaints].to_owned());
    }
    known
}

#[test]
fn each_look_knows_what_had_arrived_and_stood_by_then() {
    let world = past();
    look_at(&world, "months_before = [6, 0, 3, 12]");
    let known = known(&world);
    assert_eq!(known.len(), CHECKED as usize);
    // The beginnings of July and April; nothing was there in January's, nor the
    // year before.
    assert_eq!(known[&code(LATE + 1)], ["2.0000", "2.0000"]);
    assert_eq!(known[&code(1)], ["2.0000"], "not registered in April");
}

#[test]
fn what_arrives_after_the_last_look_changes_nothing() {
    let world = past();
    look_at(&world, "months_before = [3, 5]");
    let before = known(&world);
    assert_eq!(before.len(), (CHECKED - LATE) as usize);
    // April knows of January's complaint, which May withdrew, and of March's;
    // February of January's alone.
    assert_eq!(before[&code(LATE + 1)], ["2.0000", "1.0000"]);
    world.deliver("12345/ticket/july", &complaints("2025-07-25", ""));
    world.deliver("12345/ticket/gone", &complaints("2025-03-09", "D"));
    world.set_day("2025-08-20");
    world.run_once("data");
    assert_eq!(known(&world), before);
}

#[test]
fn no_look_lies_before_an_earlier_outcome() {
    let world = past();
    // Those who were found clean in July are checked once more.
    world.deliver("finance-office/outcome/august", &outcomes(|_| true, "I"));
    world.set_day("2025-08-20");
    world.run_once("data");
    look_at(&world, "months_before = [0, 1, 2]");
    let known = known(&world);
    // Of July, its beginning, June's and May's; of August, its beginning alone;
    // none of those found before.
    assert_eq!(known[&code(LATE + 1)].len(), 4, "{known:?}");
    assert_eq!(known[&code(LATE + 2)].len(), 3, "{known:?}");
}

#[test]
fn months_that_cannot_be_are_refused_together() {
    let world = World::new();
    world.edit(
        "tocsin.toml",
        "[clock]",
        "[training]\nmonths_before = [0, 61, -1, 3, 3]\n\n[clock]",
    );
    let ran = world.tocsin("data", &["train"]);
    for part in [
        "61 is out of bounds; allowed are 0 to 60",
        "-1 is out of bounds; allowed are 0 to 60",
        "`training.months_before`: 3 is there twice",
        "`training.months_before`: needs `as_of = \"outcome\"`",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}
