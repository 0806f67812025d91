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
use support::{town, wait_until};

/// Where `playwright-core` is; none: the test cannot be made here.
fn playwright() -> Option<String> {
    let folder = std::env::var("TOCSIN_BROWSER").ok()?;
    let chromium =
        std::env::var("TOCSIN_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    (there("node") && there(&chromium)).then_some(folder)
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
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/office.mjs");
    let ran = Command::new("node")
        .args([script, &format!("http://{}", live.at), PASSWORD])
        .env("TOCSIN_BROWSER", folder)
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}\n{errors}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "without an account 401", "{said}");
    let stages = [
        "acknowledge 签收",
        "assign 分办",
        "check 核查",
        "judge refused: ✗",
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
    assert!(lines[4].contains("第二十一条"), "{said}");
    let case = &get(&live.at, &duty, "/api/v1/cases?stage=labelled")["cases"][0];
    assert_eq!(case["label"]["outcome"], "transferred", "{case}");
}
