//! Officials rely on it: from an alert to an outcome that trains, with two
//! investigators and the head's approval, whatever is killed when.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::office::{self, account, act, assignment, does, get, may_not, run, with_casework};
use support::{World, codes, http, town, wait_until};

/// Tokens of those who work on cases.
struct Staff {
    duty: String,
    one: String,
    two: String,
    head: String,
}

fn staff(world: &World) -> Staff {
    Staff {
        duty: account(world, "duty", &["duty-officer"], &[]),
        one: account(world, "one", &["investigator"], &[]),
        two: account(world, "two", &["investigator", "head"], &[]),
        head: account(world, "head", &["head"], &[]),
    }
}

/// A town in which enterprises have alerts.
fn office() -> World {
    let world = town::town();
    with_casework(&world);
    world
}

/// The case that the policy opened of an enterprise's alert.
#[track_caller]
fn case_of(at: &str, token: &str, enterprise: &str) -> String {
    let path = format!("/api/v1/cases?enterprise={enterprise}&open=yes");
    let mut id = None;
    wait_until("the policy opens a case", || {
        let page = get(at, token, &path);
        id = page["cases"][0]["id"].as_str().map(str::to_owned);
        id.is_some()
    });
    id.unwrap()
}

/// An enterprise with an open alert.
fn alerted(at: &str, token: &str) -> (String, String) {
    let alerts = get(at, token, "/api/v1/alerts?status=open&order=ranked");
    let alert = &alerts["alerts"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&alert["id"]), text(&alert["enterprise"]["id"]))
}

fn accepted(at: &str, token: &str) -> u64 {
    let source = get(at, token, "/api/v1/sources/finance-office/outcome");
    source["accepted"].as_u64().unwrap()
}

#[test]
fn from_an_alert_to_an_outcome_that_trains() {
    let world = office();
    let staff = staff(&world);
    let live = world.ready("data");
    let at = live.at.clone();
    let (alert, enterprise) = alerted(&at, &staff.duty);
    let case = case_of(&at, &staff.duty, &enterprise);
    // The policy opened it; nobody opens a second.
    let again = [("idempotency-key", "again")];
    let again = office::send(
        &at,
        &staff.duty,
        "POST",
        "/api/v1/cases",
        &again,
        &json!({"alert": alert}),
    )
    .unwrap();
    assert_eq!(again.status, 409, "{}", again.body);
    let seen = get(&at, &staff.duty, &format!("/api/v1/cases/{case}"));
    assert_eq!(seen["opened"]["who"], "#policy");
    assert!(
        seen["may"]
            .as_array()
            .unwrap()
            .contains(&json!("acknowledge")),
        "{seen}"
    );
    assert_eq!(seen["deadlines"][0]["kind"], "policy");
    let may = |token: &str| -> Vec<String> {
        let seen = get(&at, token, &format!("/api/v1/cases/{case}"));
        serde_json::from_value(seen["may"].clone()).unwrap()
    };
    let can = |token: &str, action: &str| may(token).iter().any(|offered| offered == action);
    may_not(&at, &staff.one, &case, json!({"do": "acknowledge"}), 403);
    does(&at, &staff.duty, &case, json!({"do": "acknowledge"}));
    may_not(
        &at,
        &staff.duty,
        &case,
        json!({"do": "assign", "investigators": ["one", "two"]}),
        422,
    );
    may_not(&at, &staff.duty, &case, assignment(&["one", "one"]), 422);
    let assigned = does(&at, &staff.duty, &case, assignment(&["one", "two"]));
    assert_eq!(assigned["routing"]["cooperating"], json!(["北湾区"]));
    does(
        &at,
        &staff.one,
        &case,
        json!({"do": "check", "text": "办公场所无人"}),
    );
    may_not(
        &at,
        &staff.one,
        &case,
        json!({"do": "judge", "text": "属实", "founded": true}),
        409,
    );
    // What would be refused is not offered.
    assert!(can(&staff.one, "check") && !can(&staff.one, "judge"));
    assert!(!can(&staff.head, "approve") && !can(&staff.one, "carry"));
    does(
        &at,
        &staff.two,
        &case,
        json!({"do": "check", "text": "宣传单承诺保本"}),
    );
    does(
        &at,
        &staff.one,
        &case,
        json!({"do": "judge", "text": "属实", "founded": true}),
    );
    does(
        &at,
        &staff.two,
        &case,
        json!({"do": "propose", "measure": "finding", "text": "证据充分"}),
    );
    assert!(can(&staff.head, "approve") && !can(&staff.two, "approve"));
    assert!(!can(&staff.one, "carry"));
    // Two is a head, but has had a part in it.
    may_not(
        &at,
        &staff.two,
        &case,
        json!({"do": "approve", "measure": 1}),
        403,
    );
    let illegal = json!({"do": "label", "outcome": "illegal", "text": "认定"});
    may_not(&at, &staff.one, &case, illegal.clone(), 409);
    does(
        &at,
        &staff.head,
        &case,
        json!({"do": "approve", "measure": 1}),
    );
    assert!(can(&staff.one, "carry") && !can(&staff.head, "approve"));
    does(
        &at,
        &staff.two,
        &case,
        json!({"do": "carry", "measure": 1, "text": "已送达"}),
    );
    let before = accepted(&at, &staff.duty);
    let ended = does(&at, &staff.one, &case, illegal);
    assert_eq!(
        (&ended["stage"], &ended["is_open"]),
        (&json!("labelled"), &json!(false))
    );
    wait_until("the outcome is a record", || {
        accepted(&at, &staff.duty) == before + 1
    });
    // Corrected, it is a corrected record.
    let wrong = json!({"do": "correct", "outcome": "unfounded", "reason": "wrong-entity", "text": "同名企业"});
    does(&at, &staff.head, &case, wrong);
    let source = |name: &str| {
        get(&at, &staff.duty, "/api/v1/sources/finance-office/outcome")[name]
            .as_u64()
            .unwrap()
    };
    wait_until("the correction is a record", || source("corrected") == 1);
    let right = json!({"do": "correct", "outcome": "illegal", "text": "复核后认定"});
    does(&at, &staff.head, &case, right);
    wait_until("the second correction, too", || source("corrected") == 2);
    let counted = get(&at, &staff.head, "/api/v1/outcomes");
    assert_eq!(counted["outcomes"]["认定非法集资"], 1, "{counted}");
    does(&at, &staff.duty, &case, json!({"do": "archive"}));
    let deeds = get(&at, &staff.duty, &format!("/api/v1/cases/{case}/deeds"));
    assert_eq!(deeds.as_array().unwrap().len(), 13);
    live.stop();
    run(&world, &["audit", "verify"]).ok();
    world.verify("data");
    // A label like any other: training takes it, and again from a state that is
    // computed anew.
    let file = world.path("examples.csv");
    let name = file.to_str().unwrap().to_owned();
    others(&world, &enterprise);
    for data in ["data", "afresh", "at once"] {
        if data == "at once" {
            // Without a live run: the three by file, then the outcome and its two
            // corrections, once.
            for _ in 0..2 {
                let out = world.run_once(data);
                assert_eq!(
                    support::figures(&out, "finance-office/outcome")[0],
                    6,
                    "{out}"
                );
            }
        }
        if data == "afresh" {
            let live = world.ready(data);
            // Three by file; the outcome and its two corrections again.
            let source = "/api/v1/sources/finance-office/outcome";
            let delivered = || get(&live.at, &staff.duty, source)["read"] == 6;
            wait_until("outcomes are delivered to a new state", delivered);
            live.stop();
        }
        world.tocsin(data, &["run", "--once"]).ok();
        world.tocsin(data, &["evaluate", "--features", &name]).ok();
        let examples = world.read("examples.csv");
        let line = examples.lines().find(|line| line.contains(&enterprise));
        let line = line.unwrap_or_else(|| panic!("{enterprise} is no example:\n{examples}"));
        assert!(line.contains('1'), "{line}");
    }
}

/// Outcomes that came by file: some more to train on.
fn others(world: &World, labelled: &str) {
    let codes = (1..=4).map(codes::code).filter(|code| code != labelled);
    let rows = codes
        .enumerate()
        .map(|(number, code)| format!("H{number},{code},不实,\n"));
    let header = "核查编号,统一社会信用代码,核查结论,涉及金额\n";
    world.write(
        "landing/finance-office/outcome/2025.csv",
        header.to_owned() + &rows.collect::<String>(),
    );
}

#[test]
fn an_answer_repeats_what_was_done_and_does_it_once() {
    let world = office();
    let staff = staff(&world);
    let live = world.ready("data");
    let (_, enterprise) = alerted(&live.at, &staff.duty);
    let case = case_of(&live.at, &staff.duty, &enterprise);
    let acknowledge = json!({"do": "acknowledge"});
    let first = act(&live.at, &staff.duty, &case, "k1", &acknowledge);
    let second = act(&live.at, &staff.duty, &case, "k1", &acknowledge);
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.header("etag"), second.header("etag"));
    let other = act(
        &live.at,
        &staff.duty,
        &case,
        "k1",
        &json!({"do": "suspend", "text": "x", "until_ms": 1}),
    );
    assert_eq!(other.status, 422, "{}", other.body);
    let path = format!("/api/v1/cases/{case}/actions");
    let send = |headers: &[(&str, &str)]| {
        office::send(
            &live.at,
            &staff.duty,
            "POST",
            &path,
            headers,
            &assignment(&["one", "two"]),
        )
        .unwrap()
    };
    assert_eq!(send(&[("idempotency-key", "k2")]).status, 428);
    assert_eq!(send(&[("if-match", "\"2\"")]).status, 400);
    let stale = send(&[("idempotency-key", "k2"), ("if-match", "\"1\"")]);
    assert_eq!(stale.status, 412, "{}", stale.body);
    assert_eq!(
        send(&[("idempotency-key", "k2"), ("if-match", "\"2\"")]).status,
        200
    );
    let unknown = act(&live.at, &staff.duty, &case, "k3", &json!({"do": "dance"}));
    assert!(
        unknown.status == 422 && unknown.body.contains("dance"),
        "{}",
        unknown.body
    );
}

#[test]
fn a_source_that_takes_back_what_it_said_ends_the_case() {
    let world = office();
    let staff = staff(&world);
    let live = world.ready("data");
    let (alert, enterprise) = alerted(&live.at, &staff.duty);
    let case = case_of(&live.at, &staff.duty, &enterprise);
    // Nothing is said of anybody any more.
    world.append(
        "landing/msa/penalty/2025.csv",
        format!(
            "P1,{},,10000,2025-03-01,D\nP2,{},,20000,2025-05-01,D\nP3,,{},3000,2025-04-01,D\n",
            codes::code(1),
            codes::old_number(2),
            town::NAME_3,
        ),
    );
    world.append(
        "landing/12345/ticket/2025.csv",
        format!(
            "T1,{0},承诺保本返利,2025-06-01,D\nT2,{0},到期不兑付,2025-06-20,D\n",
            town::NAME_3,
        ),
    );
    world.append(
        "landing/hrss/insured/2025.csv",
        format!("{},2025-05,12,2025-05-31,D\n", codes::code(1)),
    );
    world.append(
        "landing/pbc/lead/2025.csv",
        "L1,A1,0.8,2025-06-01,D\nL2,B1,0.6,2025-06-02,D\n",
    );
    let status = || {
        get(&live.at, &staff.duty, &format!("/api/v1/alerts/{alert}"))["alert"]["status"].clone()
    };
    let mut seen = Value::Null;
    for _ in 0..100 {
        seen = status();
        if seen != "open" {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    if seen == "retracted" {
        let shown = || get(&live.at, &staff.duty, &format!("/api/v1/cases/{case}"));
        wait_until("the case is retracted", || {
            shown()["side"]["is"] == "retracted"
        });
        may_not(
            &live.at,
            &staff.duty,
            &case,
            json!({"do": "acknowledge"}),
            409,
        );
    } else {
        let shown = get(&live.at, &staff.duty, &format!("/api/v1/alerts/{alert}"));
        panic!("the alert is {seen}, not retracted: {}", shown["alert"]);
    }
}

#[test]
fn a_suppressed_alert_that_rises_is_shown_again() {
    let world = office();
    let staff = staff(&world);
    let live = world.ready("data");
    let alerts = || get(&live.at, &staff.duty, "/api/v1/alerts?status=open")["alerts"].clone();
    let levels = |alerts: &Value| -> BTreeMap<String, String> {
        let alerts = alerts.as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        alerts
            .map(|alert| (text(&alert["id"]), text(&alert["level"])))
            .collect()
    };
    let before = levels(&alerts());
    for (number, alert) in before.keys().enumerate() {
        let wanted = json!({"alert": alert, "text": "已知情况", "until": "2025-07-10"});
        let key = number.to_string();
        let key = [("idempotency-key", key.as_str())];
        let path = "/api/v1/suppressions";
        let done = office::send(&live.at, &staff.duty, "POST", path, &key, &wanted).unwrap();
        assert_eq!(done.status, 201, "{}", done.body);
    }
    let (mut fines, mut tickets) = (String::new(), String::new());
    for number in 0..9 {
        fines += &format!("M{number},{},,9000000,2025-06-20,\n", codes::code(3));
        tickets += &format!("N{number},{},到期不兑付,2025-06-25,\n", town::NAME_3);
    }
    world.deliver("msa/penalty/more", &fines);
    world.deliver("12345/ticket/more", &tickets);
    let lifted = || {
        let all = get(&live.at, &staff.duty, "/api/v1/suppressions?lifted=true");
        let all = all.as_array().unwrap().clone().into_iter();
        all.filter(|one| one["lifted"].is_object())
            .collect::<Vec<_>>()
    };
    wait_until("an alert that rose is shown again", || !lifted().is_empty());
    let after = levels(&alerts());
    for one in lifted() {
        let alert = one["alert"].as_str().unwrap();
        assert_eq!(one["lifted"]["text"], "预警升级,自动恢复显示");
        assert!(one["lifted"]["hidden"].as_u64().unwrap() > 0, "{one}");
        assert_ne!(before[alert], after[alert]);
    }
    // Those that did not rise stay away.
    let hidden = get(
        &live.at,
        &staff.duty,
        "/api/v1/alerts?status=open&suppressed=only",
    );
    for (alert, level) in levels(&hidden["alerts"]) {
        assert_eq!(before[&alert], level);
    }
}

#[test]
fn a_suppressed_alert_comes_back_by_itself() {
    let world = office();
    let staff = staff(&world);
    let live = world.ready("data");
    let (alert, _) = alerted(&live.at, &staff.duty);
    let post = |path: &str, key: &str, body: &Value| {
        office::send(
            &live.at,
            &staff.duty,
            "POST",
            path,
            &[("idempotency-key", key)],
            body,
        )
        .unwrap()
    };
    let wanted = json!({"alert": alert, "text": "季节性促销", "until": "2025-07-10"});
    assert_eq!(post("/api/v1/suppressions", "s1", &wanted).status, 201);
    assert_eq!(
        post("/api/v1/suppressions", "s1", &wanted).status,
        201,
        "the same twice is one"
    );
    assert_eq!(post("/api/v1/suppressions", "s2", &wanted).status, 409);
    let far = json!({"alert": alert, "text": "x", "until": "2026-07-10"});
    assert_eq!(post("/api/v1/suppressions", "s3", &far).status, 422);
    let listed = |query: &str| {
        let page = get(
            &live.at,
            &staff.duty,
            &format!("/api/v1/alerts?status=open{query}"),
        );
        page["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|shown| shown["id"] == alert.as_str())
    };
    assert!(listed("") && !listed("&suppressed=no") && listed("&suppressed=only"));
    world.set_day("2025-07-11");
    wait_until("its time is over", || {
        get(&live.at, &staff.duty, "/api/v1/suppressions")
            .as_array()
            .unwrap()
            .is_empty()
    });
    let ended = get(&live.at, &staff.duty, "/api/v1/suppressions?lifted=true");
    assert_eq!(ended[0]["lifted"]["who"], "#policy");
    assert!(listed("&suppressed=no"));
    live.stop();
    run(&world, &["audit", "verify"]).ok();
}

/// Whoever does something tries until it is answered; the server is killed again
/// and again meanwhile.
#[test]
fn a_kill_at_any_moment_loses_and_doubles_no_deed() {
    const KILLS: usize = 12;
    let world = office();
    let staff = staff(&world);
    let address = http::free_address();
    let live = world.live("data", &address);
    wait_until("it serves", || {
        http::try_get(&address, "/readyz").is_some_and(|r| r.status == 200)
    });
    let (_, enterprise) = alerted(&address, &staff.duty);
    let case = case_of(&address, &staff.duty, &enterprise);
    does(&address, &staff.duty, &case, json!({"do": "acknowledge"}));
    does(&address, &staff.duty, &case, assignment(&["one", "two"]));
    let over = AtomicBool::new(false);
    let path = format!("/api/v1/cases/{case}");
    // Tries one action under one key until it is answered.
    let insist = |number: usize| {
        let body = json!({"do": "check", "text": format!("第{number}次")});
        let key = format!("check-{number}");
        loop {
            let version = office::send(&address, &staff.one, "GET", &path, &[], &Value::Null);
            let version = version.and_then(|reply| reply.header("etag").map(str::to_owned));
            if let Some(version) = version {
                let more = [
                    ("idempotency-key", key.as_str()),
                    ("if-match", version.as_str()),
                ];
                let path = format!("{path}/actions");
                match office::send(&address, &staff.one, "POST", &path, &more, &body) {
                    Some(reply) if reply.status == 200 => return,
                    Some(reply) if reply.status == 412 => {}
                    Some(reply) => panic!("{}: {}", reply.status, reply.body),
                    None => {}
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let done = std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                number += 1;
                insist(number);
            }
            number
        });
        let mut live = live;
        for kill in 0..KILLS {
            std::thread::sleep(Duration::from_millis(100 + 77 * kill as u64 % 300));
            live.kill();
            live = world.live("data", &address);
            wait_until("it serves again", || {
                http::try_get(&address, "/readyz").is_some_and(|r| r.status == 200)
            });
        }
        over.store(true, Ordering::Relaxed);
        let done = worker.join().unwrap();
        does(
            &address,
            &staff.two,
            &case,
            json!({"do": "check", "text": "完"}),
        );
        does(
            &address,
            &staff.two,
            &case,
            json!({"do": "judge", "text": "不实", "founded": false}),
        );
        let before = accepted(&address, &staff.duty);
        does(
            &address,
            &staff.two,
            &case,
            json!({"do": "label", "outcome": "unfounded", "reason": "data-error", "text": "x"}),
        );
        // At once: before or while the outcome is delivered.
        live.kill();
        let live = world.live("data", &address);
        wait_until("it serves at last", || {
            http::try_get(&address, "/readyz").is_some_and(|r| r.status == 200)
        });
        wait_until("the outcome is a record", || {
            accepted(&address, &staff.duty) == before + 1
        });
        live.stop();
        done
    });
    assert!(done > KILLS, "{done} deeds are too few to say anything");
    run(&world, &["audit", "verify"]).ok();
    let log = run(
        &world,
        &[
            "audit",
            "list",
            "--kind",
            "case.check",
            "--json",
            "--limit",
            "100000",
        ],
    )
    .ok()
    .out;
    let texts: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split("\\\"text\\\":\\\"").nth(1))
        .collect();
    let texts: Vec<&str> = texts
        .iter()
        .filter_map(|rest| rest.split("\\\"").next())
        .collect();
    let expected: Vec<String> = (1..=done)
        .map(|n| format!("第{n}次"))
        .chain(["完".to_owned()])
        .collect();
    assert_eq!(texts, expected);
    eprintln!("{KILLS} kills, {done} deeds");
}

#[test]
fn casework_that_does_not_fit_is_refused_with_every_fault() {
    let world = office();
    let config = world.read("tocsin.toml");
    let check = |from: &str, to: &str, expected: &[&str]| {
        assert!(config.contains(from), "{from}");
        world.write("tocsin.toml", config.replace(from, to));
        let refused = run(&world, &["source", "check"]);
        assert_eq!(refused.code, Some(2), "{}", refused.out);
        for part in expected {
            assert!(
                refused.err.contains(part),
                "`{part}` is not in {}",
                refused.err
            );
        }
    };
    check(
        "case = \"核查编号\"",
        "case = \"编号\"",
        &[
            "declares no column `编号`",
            "requires column `核查编号`",
            "the key [\"编号\"]",
        ],
    );
    check(
        "outcome_source = \"finance-office/outcome\"",
        "outcome_source = \"finance-office/outcomes\"",
        &["no source `finance-office/outcomes` is declared"],
    );
    check(
        "open_from = \"blue\"",
        "open_from = \"pink\"\n[casework.terms.purple]\nfinding = \"soon\"",
        &["pink", "purple"],
    );
    check(
        "store = \"casework.db\"",
        "store = \"mysql://localhost/x\"",
        &["mysql://localhost/x", "postgres://"],
    );
}
