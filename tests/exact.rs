//! An analyst relies on it: whatever is corrected, withdrawn or late, each
//! correction leaves exactly what a fresh run over the final data would give.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use support::codes::{code, old_number};
use support::town::{NAME_3, registration, town};
use support::{World, line_of, log_odds};

/// Takes in the town, then what `deliver` adds; both times the scores must be
/// those of a fresh run. Gives them.
#[track_caller]
fn change(world: &World, deliver: impl FnOnce(&World)) -> (String, String) {
    let before = world.same_as_fresh("data");
    deliver(world);
    (before, world.same_as_fresh("data"))
}

/// Only the score of `numbers` may differ, and each of them must.
#[track_caller]
fn only_these_differ((before, after): &(String, String), numbers: &[u32]) {
    for number in 1..=4 {
        let id = code(number);
        let same = line_of(before, &id) == line_of(after, &id);
        assert_eq!(
            same,
            !numbers.contains(&number),
            "enterprise {number}:\n{before}\n{after}"
        );
    }
}

#[test]
fn a_corrected_record_counts_as_corrected() {
    let scores = change(&town(), |world| {
        world.deliver(
            "msa/penalty/2025",
            &format!("P1,{},,99000,2025-03-01,", code(1)),
        );
    });
    only_these_differ(&scores, &[1]);
}

#[test]
fn a_correction_may_move_a_record_to_another_enterprise() {
    let scores = change(&town(), |world| {
        world.deliver(
            "msa/penalty/2027",
            &format!("P1,{},,10000,2025-03-01,", code(4)),
        );
    });
    only_these_differ(&scores, &[1, 4]);
}

#[test]
fn a_withdrawn_record_leaves_no_trace() {
    let world = town();
    world.deliver(
        "msa/penalty/2026",
        &format!("P9,{},,7000,2025-06-01,", code(4)),
    );
    let scores = change(&world, |world| {
        world.deliver("msa/penalty/2026", "P9,,,,,D");
    });
    only_these_differ(&scores, &[4]);
    assert_eq!(scores.1, town().scores("data"));
}

#[test]
fn a_record_may_come_back_after_its_withdrawal() {
    let world = town();
    let (before, after) = change(&world, |world| {
        world.deliver("msa/penalty/2025", "P1,,,,,D");
    });
    assert!(log_odds(&after, &code(1)) < log_odds(&before, &code(1)));
    world.deliver(
        "msa/penalty/2025",
        &format!("P1,{},,10000,2025-03-01,", code(1)),
    );
    assert_eq!(world.same_as_fresh("data"), before);
}

#[test]
fn a_late_record_counts_within_its_window_and_not_beyond() {
    let world = town();
    let scores = change(&world, |world| {
        world.deliver(
            "msa/penalty/2025",
            &format!("P8,{},,7000,2024-07-02,", code(4)),
        );
    });
    only_these_differ(&scores, &[4]);
    let scores = change(&world, |world| {
        world.deliver(
            "msa/penalty/2025",
            &format!("P7,{},,7000,2024-06-30,", code(4)),
        );
    });
    only_these_differ(&scores, &[]);
}

#[test]
fn a_late_record_of_an_attribute_does_not_replace_a_newer_one() {
    let world = town();
    let scores = change(&world, |world| {
        world.deliver(
            "hrss/insured/2025",
            &format!("{},2025-04,3,2025-04-30,", code(1)),
        );
    });
    only_these_differ(&scores, &[]);
    // Once the newer one is withdrawn, the older one is the latest.
    let scores = change(&world, |world| {
        world.deliver(
            "hrss/insured/2025",
            &format!("{},2025-05,,2025-05-31,D", code(1)),
        );
    });
    only_these_differ(&scores, &[1]);
    let staff = &world.explain("data", &code(1))["contributions"];
    let staff = staff
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["feature"] == "insured_staff");
    assert_eq!(staff.unwrap()["value"], 3.0);
}

#[test]
fn a_window_ends_with_the_calendar() {
    let world = town();
    let scores = change(&world, |world| world.set_day("2025-12-10"));
    // Its complaint of 1 June and the opinions are older than 180 days by then.
    assert!(log_odds(&scores.1, &code(3)) < log_odds(&scores.0, &code(3)));
    only_these_differ(&change(&world, |world| world.set_day("2025-12-11")), &[]);
}

#[test]
fn a_revoked_lead_leaves_every_enterprise_it_reached() {
    let world = town();
    let scores = change(&world, |world| {
        world.deliver("pbc/lead/2025", "L2,B1,0.6,2025-06-02,D");
    });
    only_these_differ(&scores, &[1, 2]);
    let scores = change(&world, |world| {
        world.deliver("pbc/lead/2025", "L1,A1,0.8,2025-06-01,D");
    });
    only_these_differ(&scores, &[1]);
}

#[test]
fn an_account_that_changes_hands_takes_its_leads_along() {
    let world = town();
    let scores = change(&world, |world| {
        world.deliver("pbc/account/2025", &format!("A1,{}", code(3)));
    });
    only_these_differ(&scores, &[1, 3]);
    let scores = change(&world, |world| {
        world.deliver("pbc/personal_account/2025", "B1,王五")
    });
    only_these_differ(&scores, &[1, 2, 4]);
}

#[test]
fn an_alias_reaches_back_to_records_that_used_it_earlier() {
    let world = town();
    world.deliver(
        "msa/penalty/2025",
        &format!("P6,{},,8000,2025-06-01,", old_number(4)),
    );
    let scores = change(&world, |world| {
        let row = registration(4, "丁贸易有限公司", "王五", "50万", &old_number(4));
        world.deliver("msa/registration/2025", &row);
    });
    only_these_differ(&scores, &[4]);
    let value = &world.explain("data", &old_number(4))["id"];
    assert_eq!(*value, code(4));
}

#[test]
fn an_ambiguous_name_means_nobody_until_it_means_one() {
    let world = town();
    let scores = change(&world, |world| {
        world.deliver(
            "msa/registration/2025",
            &registration(4, NAME_3, "王五", "50万", ""),
        );
    });
    // 3 loses what was said of it by name; 4 its opinion under the old name.
    only_these_differ(&scores, &[3, 4]);
    let scores = change(&world, |world| {
        let row = registration(4, "丁贸易有限公司", "王五", "50万", "");
        world.deliver("msa/registration/2025", &row);
    });
    only_these_differ(&scores, &[3, 4]);
    assert_eq!(scores.1, town().scores("data"));
}

#[test]
fn what_a_snapshot_no_longer_lists_is_withdrawn() {
    let world = town();
    let scores = change(&world, |world| {
        world.deliver(
            "finance-office/licence/2025-06",
            &format!("X1,{},有效", code(1)),
        );
    });
    only_these_differ(&scores, &[4]);
    let scores = change(&world, |world| {
        let rows = format!("X1,{},吊销\nX2,{},吊销", code(1), code(4));
        world.deliver("finance-office/licence/2025-07", &rows);
    });
    only_these_differ(&scores, &[1, 4]);
}

#[test]
fn a_snapshot_that_arrives_in_pieces_is_one_snapshot() {
    let world = town();
    let before = world.same_as_fresh("data");
    let live = world.ready("data");
    world.deliver(
        "finance-office/licence/2025-06",
        &format!("X2,{},吊销", code(4)),
    );
    std::thread::sleep(Duration::from_millis(300));
    world.deliver(
        "finance-office/licence/2025-06",
        &format!("X1,{},有效", code(1)),
    );
    std::thread::sleep(Duration::from_millis(300));
    live.stop();
    assert_eq!(world.same_as_fresh("data"), before);
    // So is one that is completed long after.
    let late = format!("X3,{},吊销", code(3));
    world.deliver("finance-office/licence/2025-06", &late);
    let scores = (before, world.same_as_fresh("data"));
    only_these_differ(&scores, &[3]);
}

#[test]
fn a_row_delivered_twice_counts_once_where_it_has_a_key() {
    let world = town();
    let scores = change(&world, |world| {
        world.deliver(
            "msa/penalty/2025",
            &format!("P1,{},,10000,2025-03-01,", code(1)),
        );
        world.deliver(
            "msa/penalty/2027",
            &format!("P1,{},,10000,2025-03-01,", code(1)),
        );
        world.deliver(
            "12345/ticket/2025",
            &format!("T1,{NAME_3},承诺保本返利,2025-06-01,"),
        );
    });
    only_these_differ(&scores, &[]);
    // Without a key each row is a record of its own.
    let scores = change(&world, |world| {
        world.deliver(
            "cyberspace/opinion/2025",
            &format!("{NAME_3},负面,9000,2025-06-10"),
        );
        world.deliver(
            "cyberspace/opinion/2025",
            &format!("{NAME_3},负面,9000,2025-06-10"),
        );
    });
    only_these_differ(&scores, &[3]);
}

#[test]
fn a_group_follows_its_members() {
    let world = town();
    let scores = change(&world, |world| {
        let row = registration(4, "丁贸易有限公司", "张三", "50万", "");
        world.deliver("msa/registration/2025", &row);
    });
    // 4 gets the group and, by half, what is said of the person's account.
    only_these_differ(&scores, &[1, 2, 4]);
    let scores = change(&world, |world| {
        let rows = [
            registration(4, "丁贸易有限公司", "王五", "50万", ""),
            registration(2, "乙咨询有限公司", "赵六", "500万", &old_number(2)),
        ];
        world.deliver("msa/registration/2026", &rows.concat());
    });
    only_these_differ(&scores, &[1, 2, 4]);
}

/// A key of a source and its versions, the last of which counts.
#[derive(Debug, Clone)]
struct History {
    folder: &'static str,
    versions: Vec<String>,
    withdrawn: bool,
}

const NAMES: [&str; 4] = ["甲投资有限公司", "乙咨询有限公司", NAME_3, "丁贸易有限公司"];
const PERSONS: [&str; 3] = ["张三", "李四", "王五"];

/// Numbers from which a row is made.
type Draw = (usize, usize, u32);

fn penalty(key: usize, (who, how, amount): Draw, op: &str) -> String {
    let whom = match how % 3 {
        0 => format!("{},", code(who as u32 % 4 + 1)),
        1 => format!("{},", old_number(who as u32 % 4 + 1)),
        _ => format!(",{}", NAMES[who % 4]),
    };
    let month = how % 12 + 1;
    format!("P{key},{whom},{amount},2025-{month:02}-01,{op}\n")
}

fn row(folder: &str, key: usize, draw: Draw, op: &str) -> String {
    let (who, how, amount) = draw;
    let number = who as u32 % 4 + 1;
    match folder {
        "msa/registration" => {
            let old = ["", &old_number(number), &old_number(1)][how % 3].to_owned();
            let name = NAMES[(key + how / 3) % 4];
            registration(
                key as u32 + 1,
                name,
                PERSONS[who % 3],
                &amount.to_string(),
                &old,
            )
        }
        "msa/penalty" => penalty(key, draw, op),
        "12345/ticket" => format!(
            "T{key},{},保本,2025-{:02}-15,{op}\n",
            NAMES[who % 4],
            how % 6 + 1
        ),
        "pbc/account" => format!("A{key},{}\n", code(number)),
        "pbc/personal_account" => format!("B{key},{}\n", PERSONS[who % 3]),
        "pbc/lead" => {
            let account = ["A0", "A1", "B0", "B1"][who % 4];
            format!(
                "L{key},{account},0.{amount},2025-0{}-01,{op}\n",
                how % 6 + 1
            )
        }
        // The enterprise is part of the key.
        _ => format!(
            "{},m,{amount},2025-0{}-28,{op}\n",
            code(key as u32 + 1),
            how % 6 + 1
        ),
    }
}

fn history(folder: &'static str, key: usize) -> impl Strategy<Value = History> {
    let withdrawable = !matches!(
        folder,
        "msa/registration" | "pbc/account" | "pbc/personal_account"
    );
    let draws = prop::collection::vec((0..12usize, 0..12usize, 1..99u32), 1..4);
    (draws, any::<bool>()).prop_map(move |(draws, withdrawn)| {
        let withdrawn = withdrawn && withdrawable;
        let last = draws.len() - 1;
        let versions = draws.iter().enumerate().map(|(at, draw)| {
            // Only the last version may withdraw: others that do so would, too.
            row(
                folder,
                key,
                *draw,
                if withdrawn && at == last { "D" } else { "" },
            )
        });
        History {
            folder,
            versions: versions.collect(),
            withdrawn,
        }
    })
}

fn histories() -> impl Strategy<Value = Vec<History>> {
    let counts = [
        ("msa/registration", 4),
        ("msa/penalty", 5),
        ("12345/ticket", 4),
        ("pbc/account", 2),
        ("pbc/personal_account", 2),
        ("pbc/lead", 4),
        ("hrss/insured", 3),
    ];
    let all = counts
        .into_iter()
        .flat_map(|(folder, count)| (0..count).map(move |key| history(folder, key).boxed()));
    all.collect::<Vec<_>>()
}

/// The versions of all histories in an order that `picks` decides, each
/// history's own order kept.
fn interleave(histories: &[History], picks: &[usize]) -> Vec<(&'static str, String)> {
    let mut left: Vec<_> = histories
        .iter()
        .map(|h| (h.folder, h.versions.iter()))
        .collect();
    let mut order = Vec::new();
    for pick in picks.iter().cycle() {
        if left.is_empty() {
            break;
        }
        let place = pick % left.len();
        match left[place].1.next() {
            Some(version) => order.push((left[place].0, version.clone())),
            None => drop(left.swap_remove(place)),
        }
    }
    order
}

/// Delivers a batch: each source's rows in one go, to a file of this batch.
fn deliver_batch(world: &World, number: usize, rows: &[(&'static str, String)]) {
    let mut by_folder: BTreeMap<&str, String> = BTreeMap::new();
    for (folder, row) in rows {
        by_folder.entry(*folder).or_default().push_str(row);
    }
    for (folder, rows) in by_folder {
        // Two batches share a file: it grows.
        world.deliver(&format!("{folder}/{:03}", number / 2), &rows);
    }
}

/// A case runs the program six times: a few do; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|cases| cases.parse().ok()).unwrap_or(8),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever the order and the batches in which records come, are corrected
    /// and are withdrawn, a live run ends with what a fresh run gives over the
    /// same files, and over files that hold only what counts in the end.
    #[test]
    fn any_order_and_any_batches_end_the_same(
        histories in histories(),
        picks in prop::collection::vec(0..1_000usize, 64),
        size in 3..30usize,
    ) {
        let world = World::new();
        let live = world.ready("data");
        for (number, batch) in interleave(&histories, &picks).chunks(size).enumerate() {
            deliver_batch(&world, number, batch);
            std::thread::sleep(Duration::from_millis(50));
        }
        live.stop();
        let scores = world.same_as_fresh("data");

        let plain = World::new();
        for History { folder, versions, .. } in histories.iter().filter(|h| !h.withdrawn) {
            plain.deliver(&format!("{folder}/all"), versions.last().unwrap());
        }
        prop_assert_eq!(scores, plain.scores("data"));
    }
}

#[test]
fn what_became_of_records_is_counted_the_same_however_they_are_batched() {
    let fine = |yuan: u32| format!("P9,{},,{yuan},2025-06-01,", code(4));
    let withdrawn = "P9,,,,,D".to_owned();
    let rows = [
        fine(7_000),
        fine(7_000),
        fine(8_000),
        withdrawn.clone(),
        fine(7_000),
        fine(9_000),
        fine(7_000),
        withdrawn,
    ];
    // After each of these rows a run takes in what is there.
    let counted = |runs: &[usize]| {
        let world = town();
        world.run_once("data");
        for (number, row) in rows.iter().enumerate() {
            world.deliver("msa/penalty/2026", row);
            if runs.contains(&number) {
                world.run_once("data");
            }
        }
        world.run_once("data");
        let stats = &support::state::stats(&world.path("data"))["msa/penalty"];
        ["read", "accepted", "duplicates", "corrected", "withdrawn"]
            .map(|name| stats[name].as_u64().unwrap())
    };
    let one_by_one = counted(&[0, 1, 2, 3, 4, 5, 6, 7]);
    for runs in [&[][..], &[0], &[1], &[0, 3], &[2, 5], &[4], &[0, 4, 6]] {
        assert_eq!(counted(runs), one_by_one, "runs after {runs:?}");
    }
}
