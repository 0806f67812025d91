//! Officials in front of a real browser: from the list of cases to an outcome, with
//! what is refused on the way. Needs node, `playwright-core` and Chromium:
//!
//! ```text
//! npm install --prefix /tmp/browser playwright-core
//! TOCSIN_BROWSER=/tmp/browser cargo test --release --test browser
//! ```
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;
use support::office::{self, PASSWORD, account, get, with_casework};
use support::{codes, town, wait_until};

/// Where `playwright-core` is; none: the test cannot be made here.
fn playwright() -> Option<String> {
    let folder = std::env::var("TOCSIN_BROWSER").ok()?;
    let chromium =
        std::env::var("TOCSIN_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    (there("node") && there(&chromium)).then_some(folder)
}

/// Runs a script against a server; gives what it printed. With TOCSIN_PICTURES it
/// leaves pictures in that folder.
#[track_caller]
fn play(script: &str, at: &str, folder: &str) -> String {
    let script = format!("{}/tests/browser/{script}", env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new("node")
        .args([&script, &format!("http://{at}"), PASSWORD])
        .args(std::env::var("TOCSIN_PICTURES"))
        .env("TOCSIN_BROWSER", folder)
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}\n{errors}");
    said
}

/// A source as a data engineer adds it: one file, and a record that is refused.
const COMPLAINTS: &str = r#"agency   = "消费者委员会"
resource = "消费投诉"
basis    = "国务院令第737号 第八条"
format   = { type = "csv", encoding = "utf-8" }
path     = "consumer/complaint/*.csv"
mode     = "upsert"
key      = ["投诉编号"]

[columns]
"投诉编号" = { type = "text", required = true }
"企业代码" = "uscc"
"投诉人" = { type = "text", personal = "person" }
"投诉日期" = { type = "date", required = true }

[enterprise]
uscc = "企业代码"
"#;

#[test]
fn every_desk_does_its_work_in_a_browser() {
    let Some(folder) = playwright() else {
        println!("skipped: see above");
        return;
    };
    let world = town::town();
    with_casework(&world);
    world.write("sources/consumer/complaint.toml", COMPLAINTS);
    let (good, bad) = (codes::code(1), codes::code(2));
    world.write(
        "landing/consumer/complaint/2025.csv",
        format!(
            "投诉编号,企业代码,投诉人,投诉日期\nK1,{good},赵六,2025-06-01\nK2,{bad},钱七,昨天\n"
        ),
    );
    let roles = [
        ("duty", "duty-officer"),
        ("engineer", "engineer"),
        ("analyst", "analyst"),
        ("administrator", "administrator"),
        ("auditor", "auditor"),
    ];
    for (name, role) in roles {
        account(&world, name, &[role], &["--clearance", "4"]);
        office::password(&world, name);
    }
    let live = world.ready("data");
    let said = play("desks.mjs", &live.at, &folder);
    let expected = "engineer /sources
accepted, rejected, matched 1 1 1
as it came K2
pushed 200
mended 1 1
analyst /
sums true
line over time 1
since true
records true
what if 200
models 200
queue 4
duty /cases
new true
seen 0
filtered by keyboard true
empty 无
printed without menu true true
English en Tocsin
lost 404 404 there is no such thing
administrator /people
added /people/colleague
auditor /audit
in the log true
whole 1
";
    assert_eq!(said, expected);
}

#[test]
fn officials_work_a_case_to_its_end_in_a_browser() {
    let Some(folder) = playwright() else {
        println!(
            "skipped: TOCSIN_BROWSER names no folder with playwright-core, or node or chromium is missing"
        );
        return;
    };
    let world = town::town();
    with_casework(&world);
    let duty = account(&world, "duty", &["duty-officer"], &["--clearance", "4"]);
    account(&world, "one", &["investigator"], &["--clearance", "4"]);
    account(&world, "two", &["investigator"], &[]);
    account(&world, "head", &["head"], &[]);
    for name in ["duty", "one", "two", "head"] {
        office::password(&world, name);
    }
    let live = world.ready("data");
    wait_until("the policy opens a case", || {
        get(&live.at, &duty, "/api/v1/cases")["cases"][0].is_object()
    });
    let said = play("office.mjs", &live.at, &folder);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "without an account 401", "{said}");
    let stages = [
        "acknowledge 签收",
        "assign 分办",
        "check 核查",
        "judge with one finding is not offered",
        "check 核查",
        "judge 研判",
        "propose 研判",
        "on a phone it fits",
        "approve 研判",
        "carry 处置",
        "label 反馈",
        "signed out 401",
    ];
    assert_eq!(lines.len(), stages.len() + 1, "{said}");
    for (line, stage) in lines[1..].iter().zip(stages) {
        assert!(line.starts_with(stage), "`{line}` is not `{stage}`\n{said}");
    }
    let case = &get(&live.at, &duty, "/api/v1/cases?stage=labelled")["cases"][0];
    assert_eq!(case["label"]["outcome"], "transferred", "{case}");
}
