//! An operator finds out what is wrong: every fault of the configuration at
//! once, and of each source what could not be read, while the others go on.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use support::codes::code;
use support::http::get;
use support::town::{NAME_3, registration, town};
use support::{Ran, World, figures, section, state};

/// All of it must stand in the report of `source`.
#[track_caller]
fn check_section(report: &str, source: &str, parts: &[&str]) {
    let section = section(report, source);
    for part in parts {
        assert!(section.contains(part), "`{part}` is missing in:\n{section}");
    }
}

/// Every part must stand in one line of what the run complained of.
#[track_caller]
fn check_fault(ran: &Ran, parts: &[&str]) {
    let found = ran
        .err
        .lines()
        .any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(found, "no line has all of {parts:?}:\n{}", ran.err);
}

#[test]
fn every_fault_of_the_configuration_is_told_at_once() {
    let world = town();
    world.edit("tocsin.toml", "share = 50", "share = 150");
    world.edit("tocsin.toml", "type = \"file\"", "type = \"moon\"");
    world.edit("features.toml", "category = \"G\"", "category = \"Z\"");
    let penalty = "sources/msa/penalty.toml";
    world.edit(penalty, "\"金额\" = \"money\"", "\"金额\" = \"gold\"");
    world.edit(penalty, "window = \"365d\"", "window = \"a year\"");
    world.edit(
        "sources/pbc/lead.toml",
        "value = \"可信度\"",
        "value = \"可信 +\"",
    );

    let commands: [&[&str]; 2] = [&["run", "--once"], &["verify"]];
    for command in commands {
        let ran = world.tocsin("data", command);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        check_fault(&ran, &["tocsin.toml:22", "150", "0 to 100"]);
        check_fault(&ran, &["tocsin.toml:10", "moon", "wall, fixed, file"]);
        check_fault(&ran, &["features.toml:", "`Z`", "A, B, C"]);
        check_fault(&ran, &["penalty.toml:14", "gold", "text, integer"]);
        check_fault(&ran, &["penalty.toml:", "a year"]);
        check_fault(&ran, &["lead.toml:", "可信 +"]);
    }
    assert!(!world.path("data").exists(), "nothing may have been begun");
}

#[test]
fn a_feature_of_what_nobody_raises_is_a_fault() {
    let world = town();
    world.edit("features.toml", "from = \"E1\"", "from = \"E7\"");
    let ran = world.tocsin("data", &["run", "--once"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    check_fault(&ran, &["features.toml:", "`E7` is raised by no source"]);
    assert!(ran.err.contains("1 fault in"), "{}", ran.err);
}

#[test]
fn a_misspelt_key_and_a_missing_file_are_faults() {
    let world = town();
    world.edit("sources/msa/penalty.toml", "withdrawn =", "withdraw =");
    world.edit(
        "sources/12345/ticket.toml",
        "lexicons/fundraising.txt",
        "lexicons/none.txt",
    );
    let ran = support::tocsin(&[
        "source",
        "check",
        "--config",
        support::text(&world.path("tocsin.toml")),
    ]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    check_fault(&ran, &["penalty.toml:8", "`withdraw`"]);
    check_fault(&ran, &["ticket.toml:", "lexicons/none.txt"]);
    fs::remove_file(world.path("features.toml")).unwrap();
    let ran = world.tocsin("data", &["run", "--once"]);
    assert_eq!(ran.code, Some(2));
    check_fault(&ran, &["features.toml"]);
}

#[test]
fn a_configuration_that_is_not_there_is_a_fault() {
    let ran = support::tocsin(&["run", "--once", "--config", "/nowhere/tocsin.toml"]);
    assert_eq!(ran.code, Some(2));
    check_fault(&ran, &["/nowhere/tocsin.toml"]);
}

/// Spoils the penalties, and delivers a new complaint that must count all the
/// same, as one of so many `tickets`; gives the report.
#[track_caller]
fn others_go_on(world: &World, tickets: u64, spoil: impl FnOnce()) -> String {
    let before = world.scores("data");
    spoil();
    world.deliver(
        "12345/ticket/2025",
        &format!("T9,{NAME_3},保本,2025-06-29,"),
    );
    let ran = world.tocsin("data", &["run", "--once"]);
    // 4: done, but for a file that could not be read; what vanished was read once.
    assert!([Some(0), Some(4)].contains(&ran.code), "{}", ran.err);
    let report = ran.out;
    assert_eq!(figures(&report, "12345/ticket")[0], tickets, "{report}");
    let file = world.path("after.csv");
    let export = ["run", "--once", "--export", support::text(&file)];
    assert_eq!(world.tocsin("data", &export).code, ran.code);
    let after = world.read("after.csv");
    let id = code(3);
    assert!(support::log_odds(&after, &id) > support::log_odds(&before, &id));
    world.verify("data");
    report
}

#[test]
fn a_file_that_vanishes_is_told_and_what_it_said_stays() {
    let world = town();
    let report = others_go_on(&world, 3, || {
        fs::remove_file(world.path("landing/msa/penalty/2025.csv")).unwrap();
    });
    let parts = ["error", "`msa/penalty/2025.csv` has vanished", "count"];
    check_section(&report, "msa/penalty", &parts);
    assert_eq!(
        figures(&report, "msa/penalty")[8],
        3,
        "all three still count"
    );
}

#[test]
fn a_file_that_is_cut_short_is_told_and_not_read_again() {
    let world = town();
    let report = others_go_on(&world, 3, || {
        let text = world.read("landing/msa/penalty/2025.csv");
        world.write("landing/msa/penalty/2025.csv", &text[..80]);
    });
    check_section(
        &report,
        "msa/penalty",
        &["error", "was cut short", "80 are left"],
    );
    assert_eq!(figures(&report, "msa/penalty")[0], 3);
}

#[test]
fn an_error_that_is_mended_is_told_no_more() {
    let world = town();
    let whole = world.read("landing/msa/penalty/2025.csv");
    others_go_on(&world, 3, || {
        world.write("landing/msa/penalty/2025.csv", &whole[..80])
    });
    world.write("landing/msa/penalty/2025.csv", &whole);
    let report = world.run_once("data");
    assert!(
        !section(&report, "msa/penalty").contains("error"),
        "{report}"
    );
}

#[test]
fn a_binary_file_is_refused_as_a_whole() {
    let world = town();
    let report = others_go_on(&world, 3, || {
        world.write(
            "landing/msa/penalty/2026.csv",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\n\0\0",
        );
    });
    check_section(&report, "msa/penalty", &["error", "2026.csv", "binary"]);
    assert_eq!(figures(&report, "msa/penalty")[0], 3);
}

#[test]
fn a_run_over_a_damaged_file_ends_with_a_code_of_its_own_and_its_source_is_not_fresh() {
    let world = town();
    let file = "landing/msa/penalty/2026.csv";
    let run = || world.tocsin("data", &["run", "--once"]).code;
    assert_eq!(run(), Some(0));
    world.write(file, b"\x7fELF\x02\x01\x01\0\0\0\0\0\n\0\0");
    assert_eq!([run(), run()], [Some(4), Some(4)]);
    let live = world.ready("data");
    let source = || get(&live.at, "/api/v1/sources/msa/penalty").json();
    assert_eq!(source()["freshness"]["state"], "broken", "{}", source());
    assert_eq!(
        get(&live.at, "/api/v1/sources/12345/ticket").json()["freshness"]["state"],
        "fresh"
    );
    assert!(get(&live.at, "/sources").body.contains("文件损坏"));
    fs::remove_file(world.path(file)).unwrap();
    support::wait_until("it is mended", || source()["freshness"]["state"] == "fresh");
    live.stop();
    assert_eq!(run(), Some(0));
}

#[test]
fn every_refused_file_of_a_source_is_told() {
    let world = town();
    let report = others_go_on(&world, 3, || {
        for name in ["a", "b", "c", "d", "e"] {
            let file = format!("landing/msa/penalty/2026-{name}.csv");
            world.write(&file, b"\x7fELF\x02\x01\x01\0\0\0\0\0\n\0\0");
        }
    });
    let told = ["2026-a.csv", "2026-b.csv", "2026-c.csv", "2 more files"];
    check_section(&report, "msa/penalty", &told);
}

#[test]
fn a_header_that_lost_a_declared_column_is_refused_and_says_which() {
    let world = town();
    let report = others_go_on(&world, 3, || {
        let renamed = format!(
            "文号,代码,当事人,罚没款,决定日期,op\nP5,{},,1,2025-06-01,\n",
            code(4)
        );
        world.write("landing/msa/penalty/2026.csv", renamed);
    });
    check_section(
        &report,
        "msa/penalty",
        &[
            "error",
            "2026.csv",
            "lacks the declared columns 金额",
            "罚没款",
        ],
    );
    assert_eq!(figures(&report, "msa/penalty")[0], 3);
}

#[test]
fn columns_that_are_new_or_in_another_order_do_no_harm() {
    let world = town();
    world.scores("data");
    let reordered = format!(
        "op,决定日期,处罚机关,金额,当事人,代码,文号\n,2025-06-01,某局,700,,{},P5\n",
        code(4)
    );
    world.write("landing/msa/penalty/2026.csv", reordered);
    let report = world.run_once("data");
    assert_eq!(figures(&report, "msa/penalty")[..2], [4, 4], "{report}");
    world.same_as_fresh("data");
}

/// Rows of the penalties that cannot be taken in, with what is said of each:
/// field, value, a part of the reason.
fn bad_rows() -> Vec<(Vec<u8>, &'static str, &'static str, &'static str)> {
    let row = |text: String| format!("{text}\n").into_bytes();
    let (one, wrong) = (code(1), "91440300000000019C");
    let mut broken = row(format!("Q3,{one},XX,1,2025-01-01,"));
    let place = broken.iter().position(|byte| *byte == b'X').unwrap();
    broken[place..place + 2].copy_from_slice(&[0xC4, 0xE3]);
    vec![
        (row(format!("Q1,{one},,12b,2025-01-01,")), "金额", "12b", ""),
        (
            row(format!("Q2,{wrong},,1,2025-01-01,")),
            "代码",
            wrong,
            "check",
        ),
        (broken, "", "", "is not `utf-8`"),
        (
            row(format!("Q4,{one},,1,2025-01-01")),
            "",
            "",
            "5 fields, expected 6",
        ),
        (
            row(format!("Q5,{one},,1,2025-01-01,,,")),
            "",
            "",
            "8 fields, expected 6",
        ),
        (
            row(format!("Q6,{one},,1,2025-02-30,")),
            "决定日期",
            "2025-02-30",
            "",
        ),
        (
            row(format!("Q7,{one},,1,,")),
            "决定日期",
            "",
            "must be given",
        ),
        (
            row("Q8,,,1,2025-01-01,".to_owned()),
            "代码, 当事人",
            "",
            "names no enterprise",
        ),
    ]
}

#[test]
fn each_bad_record_is_refused_with_its_place_and_reason() {
    let world = town();
    let rows = bad_rows();
    let header = "文号,代码,当事人,金额,决定日期,op\n";
    let mut file = header.as_bytes().to_vec();
    let mut places = Vec::new();
    for (row, ..) in &rows {
        places.push(file.len() as u64);
        file.extend_from_slice(row);
    }
    file.extend_from_slice(format!("Q0,{},,5000,2025-01-01,\n", code(4)).as_bytes());
    world.write("landing/msa/penalty/2026.csv", file);

    let report = world.run_once("data");
    let counted = figures(&report, "msa/penalty");
    assert_eq!((counted[0], counted[1], counted[6]), (12, 4, 8), "{report}");
    check_section(
        &report,
        "msa/penalty",
        &["e.g.", "msa/penalty/2026.csv:4 (record 3"],
    );
    let rejects = state::rejects(&world.path("data"));
    assert_eq!(rejects.len(), rows.len(), "{rejects:#?}");
    for ((place, at), (row, field, value, reason)) in places.iter().zip(1..).zip(&rows) {
        let text = String::from_utf8_lossy(row);
        let reject = rejects.iter().find(|reject| reject.byte == *place).unwrap();
        assert_eq!(
            (reject.source.as_str(), reject.file.as_str()),
            ("msa/penalty", "msa/penalty/2026.csv")
        );
        assert_eq!((reject.record, reject.line), (at, at + 1), "{text}");
        assert_eq!(
            (reject.field.as_str(), reject.value.as_str()),
            (*field, *value),
            "{text}"
        );
        assert!(
            reject.reason.contains(reason) && !reject.reason.is_empty(),
            "{text}: {reject:?}"
        );
        assert!(reject.raw.starts_with(&text[..2]), "{reject:?}");
    }
    world.same_as_fresh("data");
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_line_only() {
    let world = town();
    let rows = format!(
        "Q1,{0},\"甲,1,2025-01-01,\nQ2,{0},,1,2025-01-01,\nQ3,{0},,1,2025-01-01,\n",
        code(4)
    );
    world.deliver("msa/penalty/2026", &rows);
    let report = world.run_once("data");
    let counted = figures(&report, "msa/penalty");
    assert_eq!((counted[0], counted[1], counted[6]), (6, 5, 1), "{report}");
}

#[test]
fn a_last_line_without_its_end_counts_once_the_file_is_complete() {
    let world = town();
    let row = registration(5, "戊有限公司", "钱七", "10万", "");
    world.append("landing/msa/registration/2025.csv", row.trim_end());
    assert_eq!(figures(&world.run_once("data"), "msa/registration")[0], 5);
    world.append("landing/msa/registration/2025.csv", "\n");
    assert_eq!(figures(&world.run_once("data"), "msa/registration")[0], 5);
    world.same_as_fresh("data");
}

#[test]
fn a_source_without_any_file_is_told() {
    let world = town();
    fs::remove_dir_all(world.path("landing/hrss")).unwrap();
    let report = world.run_once("data");
    check_section(
        &report,
        "hrss/insured",
        &["error", "no file matches `hrss/insured/*.csv`"],
    );
}

#[test]
fn a_start_in_the_middle_of_a_delivery_waits_for_the_rest_of_a_line() {
    let world = town();
    world.scores("data");
    let line = format!("T9,{NAME_3},保本,2025-06-29,\n");
    let (first, rest) = line.split_at(3);
    world.append("landing/12345/ticket/2025.csv", first);
    let live = world.ready("data");
    world.append("landing/12345/ticket/2025.csv", rest);
    let ticket = || get(&live.at, "/api/v1/sources/12345/ticket").json();
    support::wait_until("the ticket is read", || ticket()["read"] != 2);
    let found = ticket();
    assert_eq!(
        (&found["read"], &found["accepted"]),
        (&3.into(), &3.into()),
        "{found}"
    );
    assert_eq!(found["rejected"], 0, "{found}");
}
