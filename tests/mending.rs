//! A data engineer relies on it: what was refused waits until something better of the
//! same key has come, and what waits can be listed.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::codes::code;
use support::http::get;
use support::{World, town, wait_until};

/// What the source says of its refused records: all, mended, and those that wait.
fn counted(at: &str) -> (u64, u64, usize) {
    let source = get(at, "/api/v1/sources/msa/penalty").json();
    let figure = |name: &str| source[name].as_u64().unwrap();
    let list = get(at, "/api/v1/sources/msa/penalty/rejects?waiting=true").json();
    let waiting = list["rejects"].as_array().unwrap().len();
    (figure("rejected"), figure("mended"), waiting)
}

fn deliver(world: &World, rows: &[&str]) {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| row.replace("CODE", &code(1)))
        .collect();
    world.deliver("msa/penalty/2026", &(rows.join("\n") + "\n"));
}

/// Delivers, and waits until so many records have been read.
fn until_read(world: &World, at: &str, rows: &[&str], read: u64) {
    deliver(world, rows);
    wait_until("the rows are read", || {
        get(at, "/api/v1/sources/msa/penalty").json()["read"] == read
    });
}

#[test]
fn a_refused_record_waits_until_a_better_one_of_its_key_has_come() {
    let world = town::town();
    // Two of one key; one whose key cannot be read; one that came good before it came bad.
    let first = [
        "R1,CODE,,12b,2026-05-01,",
        "R1,CODE,,12c,2026-05-01,",
        "R2,CODE,,1,yesterday,",
        "too,few",
        "R3,CODE,,100,2026-05-01,",
        "R3,CODE,,10x,2026-05-01,",
    ];
    deliver(&world, &first);
    let live = world.ready("data");
    let read = get(&live.at, "/api/v1/sources/msa/penalty").json()["read"]
        .as_u64()
        .unwrap();
    assert_eq!(counted(&live.at), (5, 0, 5));
    // Bad again: one more waits, and none is mended.
    until_read(&world, &live.at, &["R2,CODE,,1,tomorrow,"], read + 1);
    assert_eq!(counted(&live.at), (6, 0, 6));
    until_read(&world, &live.at, &["R1,CODE,,12,2026-05-01,"], read + 2);
    assert_eq!(counted(&live.at), (6, 2, 4));
    live.stop();
    // What waits is known after a restart, too.
    let live = world.ready("data");
    until_read(
        &world,
        &live.at,
        &["R2,CODE,,1,2026-05-02,", "R2,CODE,,0z,2026-05-02,"],
        read + 4,
    );
    assert_eq!(
        counted(&live.at),
        (7, 4, 3),
        "the last one came after the good one"
    );
    let all = get(&live.at, "/api/v1/sources/msa/penalty/rejects").json();
    let all = all["rejects"].as_array().unwrap();
    assert_eq!(all.len(), 7, "the total stays");
    let mended = all.iter().filter(|one| one["mended"].is_u64()).count();
    assert_eq!(mended, 4);
    let page = get(&live.at, "/sources/msa/penalty").body;
    assert!(
        page.contains("待重新报送") && page.contains("已于批次"),
        "{page}"
    );
    assert!(page.contains("<b>3</b>"), "{page}");
    // Beside the run, without disturbing it.
    let listed = world
        .tocsin("data", &["source", "rejects", "msa/penalty"])
        .ok()
        .out;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(!listed.contains("12b") && listed.contains("0z"), "{listed}");
    let listed = world
        .tocsin("data", &["source", "rejects", "--all", "--json"])
        .ok()
        .out;
    let lines: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 7, "{listed}");
    assert!(
        lines.iter().all(|line| line["source"] == "msa/penalty"),
        "{listed}"
    );
    let wrong = world.tocsin("data", &["source", "rejects", "msa/penalt"]);
    assert!(
        wrong.err.contains("did you mean `msa/penalty`"),
        "{}",
        wrong.err
    );
    live.stop();
    let said = world.run_once("data");
    let of = "all 3 that wait: tocsin source rejects msa/penalty";
    assert!(said.contains(of), "{said}");
    let row = said
        .lines()
        .find(|line| line.starts_with("msa/penalty "))
        .unwrap();
    let figures: Vec<&str> = row.split_whitespace().rev().take(3).collect();
    assert_eq!(figures[1..], ["4", "7"], "{row}");
    assert!(!said.contains("12b"), "an example that is mended: {said}");
}

#[test]
fn the_terminal_shows_no_person_of_a_refused_record() {
    let world = town::town();
    let lead = "sources/pbc/personal_account.toml";
    let declared = world.read(lead);
    assert!(declared.contains("持有人"), "{declared}");
    world.deliver("pbc/personal_account/2026", "B9,\n");
    // The bad value is the person's own.
    let with_check = declared.replace("\"持有人\" = ", "\"持有人\" = { type = \"integer\" }\n#");
    assert_ne!(declared, with_check);
    world.write(lead, with_check);
    let said = world.run_once("data");
    let listed = world.tocsin("data", &["source", "rejects"]).ok().out;
    assert!(listed.contains("pbc/personal_account"), "{listed}");
    assert!(
        !listed.contains("张三") && !said.contains("张三"),
        "{listed}{said}"
    );
}
