//! Officials in front of a real browser: from the list of cases to an outcome, with
//! what is refused on the way. Needs node, `playwright-core` and Chromium, and
//! `axe-core` for what has to hold for readers of all kinds:
//!
//! ```text
//! npm install --prefix /tmp/browser playwright-core axe-core
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
    play_in(script, at, folder, "")
}

/// The same in a mode of the script's own.
#[track_caller]
fn play_in(script: &str, at: &str, folder: &str, mode: &str) -> String {
    let script = format!("{}/tests/browser/{script}", env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new("node")
        .args([&script, &format!("http://{at}"), PASSWORD])
        .args((!mode.is_empty()).then_some(mode))
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
empty 没有符合条件的预警:请更换等级或状态,或清除筛选。
printed without menu true true
printed on two sheets at most true
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

/// Where axe-core is beside the browser's driver; none: the test cannot be made here.
fn axe() -> Option<String> {
    let folder = playwright()?;
    let script = std::path::Path::new(&folder).join("node_modules/axe-core/axe.min.js");
    script.is_file().then_some(folder)
}

#[test]
fn no_page_breaks_a_rule_of_wcag_for_any_role_language_or_width() {
    let Some(folder) = axe() else {
        println!(
            "skipped: TOCSIN_BROWSER names no folder with playwright-core and axe-core, or node or chromium is missing"
        );
        return;
    };
    let world = town::town();
    with_casework(&world);
    world.write("sources/consumer/complaint.toml", COMPLAINTS);
    let bad = codes::code(2);
    world.write(
        "landing/consumer/complaint/2025.csv",
        format!("投诉编号,企业代码,投诉人,投诉日期\nK2,{bad},钱七,昨天\n"),
    );
    let duty = office_of_all(&world);
    let live = world.ready("data");
    wait_until("the policy opens a case", || {
        get(&live.at, &duty, "/api/v1/cases")["cases"][0].is_object()
    });
    let said = play("axe.mjs", &live.at, &folder);
    let expected = "nobody 2
duty / /cases /enterprises /me /models /queue /sources /suppressions
investigator / /cases /enterprises /me /models /sources /suppressions
head / /cases /enterprises /me /models /queue /sources /suppressions
analyst / /enterprises /identity /me /models /queue /sources
engineer / /identity /me /models /sources
administrator / /me /people
auditor / /audit /me /suppressions
";
    assert_eq!(said, expected);
}

#[test]
fn a_case_is_worked_to_its_outcome_by_keyboard_alone() {
    let Some(folder) = playwright() else {
        println!("skipped: see above");
        return;
    };
    let said = office_plays("keyboard.mjs", &folder);
    let expected = "first stop skip
skipped to main
filtered in place
back to all
alert 为何
acknowledge 签收, in place, focus kept, said
refused focus on the field, alert, 南屿区, true
assign 分办, in place, focus kept, said
check 核查, in place, focus kept, said
check 核查, in place, focus kept, said
judge 研判, in place, focus kept, said
unfolded label
without a reason label-reason
label 反馈, in place, focus kept, said
no trap true
";
    assert_eq!(said, expected);
}

#[test]
fn every_form_and_filter_works_without_a_script() {
    let Some(folder) = playwright() else {
        println!("skipped: see above");
        return;
    };
    let said = office_plays("plain.mjs", &folder);
    let expected = "signed in /cases
filtered red
glance true
acknowledged 签收
refused 1 南屿区
assigned 分办
";
    assert_eq!(said, expected);
}

#[test]
fn the_forms_of_an_enterprise_change_in_place_and_work_without_a_script() {
    let Some(folder) = playwright() else {
        println!("skipped: see above");
        return;
    };
    let expected = |way: &str, focus: &str| {
        format!(
            "suppress {way}
refused 1 重复线索 2031-01-01 {focus}
suppress {way} /suppressions 1
open {way} /cases/C 1
opened 0 1
unmask {way}
refused 1 account 00000000 核对
unmask {way} 1
"
        )
    };
    for mode in ["", "plain"] {
        let world = town::town();
        with_casework(&world);
        // Cases are opened by hand.
        world.edit("tocsin.toml", "open_from = \"blue\"\n", "");
        account(&world, "duty", &["duty-officer"], &["--clearance", "4"]);
        account(&world, "one", &["investigator"], &["--clearance", "4"]);
        for name in ["duty", "one"] {
            office::password(&world, name);
        }
        let live = world.ready("data");
        let said = play_in("forms.mjs", &live.at, &folder, mode);
        let wanted = match mode {
            "plain" => expected("loaded", "true") + "shown once 0\n",
            _ => expected("in place", "alert") + "graph drawn again true\nshown once 0\n",
        };
        assert_eq!(said, wanted, "{mode}");
    }
}

#[test]
fn an_open_feed_outlives_its_server() {
    let Some(folder) = playwright() else {
        println!("skipped: see above");
        return;
    };
    let world = town::town();
    let live = world.ready("data");
    let (at, mark) = (live.at.clone(), world.path("live"));
    let reader = Command::new("node")
        .arg(format!(
            "{}/tests/browser/feed.mjs",
            env!("CARGO_MANIFEST_DIR")
        ))
        .arg(format!("http://{at}"))
        .arg(&mark)
        .env("TOCSIN_BROWSER", &folder)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the feed is live", || mark.exists());
    live.kill();
    world.deliver(
        "msa/penalty/2026",
        &format!("P9,{},,90000000,2025-06-28,\n", codes::code(1)),
    );
    let back = world.live("data", &at);
    let ran = reader.wait_with_output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{said}");
    assert_eq!(said, "away ○ 重连中\nback each once\nin order true\n");
    back.stop();
}

/// Runs a script against an office with one open case and two investigators.
#[track_caller]
fn office_plays(script: &str, folder: &str) -> String {
    let world = town::town();
    with_casework(&world);
    let duty = account(&world, "duty", &["duty-officer"], &["--clearance", "4"]);
    for name in ["one", "two"] {
        account(&world, name, &["investigator"], &["--clearance", "4"]);
    }
    for name in ["duty", "one", "two"] {
        office::password(&world, name);
    }
    let live = world.ready("data");
    wait_until("the policy opens a case", || {
        get(&live.at, &duty, "/api/v1/cases")["cases"][0].is_object()
    });
    play(script, &live.at, folder)
}

/// One account of every role, each called by it; gives the duty officer's token.
fn office_of_all(world: &support::World) -> String {
    let roles = [
        ("investigator", "investigator"),
        ("head", "head"),
        ("analyst", "analyst"),
        ("engineer", "engineer"),
        ("administrator", "administrator"),
        ("auditor", "auditor"),
        ("duty", "duty-officer"),
    ];
    let mut token = String::new();
    for (name, role) in roles {
        token = account(world, name, &[role], &["--clearance", "4"]);
        office::password(world, name);
    }
    token
}
