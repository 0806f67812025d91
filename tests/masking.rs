//! The law relies on it (个人信息保护法 第二十八条): nobody is shown a person's name,
//! account or telephone but one at a time, for a reason that the log keeps.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::office::{self, account, get, run, with_casework};
use support::{World, codes, http, town};

/// A town whose payment records are secret.
fn town() -> World {
    let world = town::town();
    with_casework(&world);
    for source in ["lead", "account", "personal_account"] {
        let file = format!("sources/pbc/{source}.toml");
        world.edit(&file, "basis ", "sensitivity = \"L4\"\nbasis ");
    }
    world
}

/// The first mark of a kind in an answer.
#[track_caller]
fn mark_of(kind: &str, text: &str) -> String {
    let word = format!("{kind} ");
    let starts = text.match_indices(&word).map(|(at, _)| at);
    let mut marks = starts.filter_map(|at| text.get(at..at + kind.len() + 9));
    let is_mark = |mark: &&str| {
        mark[kind.len() + 1..]
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
    };
    marks
        .find(is_mark)
        .unwrap_or_else(|| panic!("no {kind} in {text}"))
        .to_owned()
}

fn send(at: &str, token: &str, path: &str, key: &str, body: &Value) -> http::Reply {
    office::send(at, token, "POST", path, &[("idempotency-key", key)], body).unwrap()
}

#[test]
fn nobody_is_shown_an_account_and_one_may_ask_for_one_with_a_reason() {
    let world = town();
    let one = account(&world, "one", &["investigator"], &["--clearance", "4"]);
    let low = account(&world, "low", &["investigator"], &["--clearance", "3"]);
    let analyst = account(&world, "an", &["analyst"], &["--clearance", "4"]);
    let auditor = account(&world, "sj", &["auditor"], &[]);
    let live = world.ready("data");
    let code = codes::code(1);
    let path = format!("/api/v1/enterprises/{code}/explanation");
    let text = get(&live.at, &one, &path).to_string();
    let page = office::send(
        &live.at,
        &one,
        "GET",
        &format!("/enterprises/{code}"),
        &[],
        &Value::Null,
    );
    let page = page.unwrap().body;
    for secret in ["\"A1\"", "\"B1\"", ">A1<", "account A1)", "account B1)"] {
        assert!(
            !text.contains(secret) && !page.contains(secret),
            "{secret}: {text}"
        );
    }
    let account = mark_of("account", &text);
    assert!(
        page.contains(&account) && page.contains("id=\"masks\""),
        "{page}"
    );

    let unmask = format!("/api/v1/enterprises/{code}/unmask");
    let wanted = json!({"subject": account, "text": "核对第3号线索的收款账户"});
    let shown = send(&live.at, &one, &unmask, "k1", &wanted);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let value = shown.json()["values"][0].as_str().unwrap().to_owned();
    assert!(["A1", "B1"].contains(&value.as_str()), "{value}");
    // One look a line: the same key shows nothing again, and no reason nothing.
    assert_eq!(send(&live.at, &one, &unmask, "k1", &wanted).status, 409);
    let silent = json!({"subject": account, "text": " "});
    assert_eq!(send(&live.at, &one, &unmask, "k2", &silent).status, 422);
    // The person who holds the other account has a mark that is known from links.
    let after = get(&live.at, &one, &path).to_string();
    assert_eq!(mark_of("account", &after), account);
    assert!(!after.contains(&format!("\"{value}\"")), "{after}");

    // Whoever may not know of the lead, or may not unmask, finds nothing.
    let hidden = send(&live.at, &low, &unmask, "k3", &wanted);
    let unknown = send(
        &live.at,
        &low,
        &unmask,
        "k4",
        &json!({"subject": "account 00000000", "text": "x"}),
    );
    assert_eq!((hidden.status, unknown.status), (404, 404));
    let detail =
        |reply: &http::Reply, mark: &str| reply.json()["detail"].to_string().replace(mark, "");
    assert_eq!(
        detail(&hidden, &account),
        detail(&unknown, "account 00000000")
    );
    assert_eq!(send(&live.at, &analyst, &unmask, "k5", &wanted).status, 403);
    assert_eq!(send(&live.at, &auditor, &unmask, "k6", &wanted).status, 403);

    let lines = get(&live.at, &auditor, "/api/v1/audit?kind=unmask");
    assert_eq!(lines["lines"].as_array().unwrap().len(), 1, "{lines}");
    let line = &lines["lines"][0];
    assert_eq!(
        (&line["who"], &line["role"]),
        (&json!("one"), &json!("investigator"))
    );
    assert_eq!(line["subject"], format!("enterprise/{code}"));
    assert_eq!(
        line["action"]["unmask"],
        json!({"what": account, "text": "核对第3号线索的收款账户"})
    );
    assert!(!lines.to_string().contains(&format!("\"{value}\"")));
    live.stop();
    let listed = run(&world, &["audit", "list", "--kind", "unmask"]).ok().out;
    assert!(
        listed.contains(&account) && listed.contains("核对第3号线索的收款账户"),
        "{listed}"
    );
    run(&world, &["audit", "verify"]).ok();
}

#[test]
fn the_page_shows_it_for_that_request_alone() {
    let world = town();
    let one = account(&world, "one", &["head"], &["--clearance", "4"]);
    let live = world.ready("data");
    let path = format!("/enterprises/{}", codes::code(1));
    let page = |method: &str, body: &str| {
        let bearer = format!("Bearer {one}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        http::try_request(&live.at, method, &path, &headers, body).unwrap()
    };
    let before = page("GET", "");
    let account = mark_of("account", &before.body);
    let form = format!(
        "subject={}&text=reason&key=k1&csrf=",
        account.replace(' ', "+")
    );
    let shown = page("POST", &form);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("role=\"status\""), "{}", shown.body);
    assert!(
        ["<b>A1</b>", "<b>B1</b>"]
            .iter()
            .any(|value| shown.body.contains(value))
    );
    let again = page("POST", &form);
    assert!(again.body.contains("role=\"alert\"") && !again.body.contains("role=\"status\""));
    assert!(!page("GET", "").body.contains("role=\"status\""));
}

#[test]
fn the_machine_is_shown_marks_too_and_says_why_it_wants_more() {
    let world = town();
    world.run_once("data");
    let code = codes::code(1);
    let explained = world.tocsin("data", &["explain", &code]).ok().out;
    assert!(
        !explained.contains("key A1") && !explained.contains("pbc/account A1"),
        "{explained}"
    );
    let account = mark_of("account", &explained);
    let asked = ["explain", &code, "--unmask", &account];
    assert_eq!(world.tocsin("data", &asked).code, Some(2));
    let shown = world
        .tocsin("data", &[&asked[..], &["--why", "对账"]].concat())
        .ok()
        .out;
    assert!(shown.contains("A1") || shown.contains("B1"), "{shown}");
    let listed = run(&world, &["audit", "list", "--kind", "unmask"]).ok().out;
    assert!(
        listed.contains("#machine:") && listed.contains("对账"),
        "{listed}"
    );
    run(&world, &["audit", "verify"]).ok();
}

#[test]
fn a_refused_record_shows_what_names_no_person() {
    let world = town();
    // The holder is a person; so the row as it came is not for everybody.
    world.deliver("pbc/personal_account/2026", "C9,\n");
    world.deliver(
        "msa/penalty/2026",
        &format!("P8,{},,12b,2025-06-01,\n", codes::code(1)),
    );
    let engineer = account(&world, "gc", &["engineer"], &["--clearance", "4"]);
    let analyst = account(&world, "an", &["analyst"], &["--clearance", "4"]);
    let live = world.ready("data");
    let source = "/api/v1/sources/pbc/personal_account";
    let rejects = get(&live.at, &engineer, &format!("{source}/rejects"));
    let reject = &rejects["rejects"][0];
    assert_eq!(
        (&reject["field"], &reject["raw"]),
        (&json!("持有人"), &Value::Null)
    );
    assert!(!rejects.to_string().contains("C9"), "{rejects}");
    let plain = get(&live.at, &engineer, "/api/v1/sources/msa/penalty/rejects");
    assert_eq!(plain["rejects"][0]["value"], "12b");
    assert!(
        plain["rejects"][0]["raw"]
            .as_str()
            .unwrap()
            .starts_with("P8,"),
        "{plain}"
    );
    let path = format!("{source}/rejects/{}/unmask", reject["seq"]);
    let why = json!({"text": "与银行核对"});
    let shown = send(&live.at, &engineer, &path, "r1", &why);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(
        shown.json()["raw"].as_str().unwrap().starts_with("C9"),
        "{}",
        shown.body
    );
    assert_eq!(send(&live.at, &analyst, &path, "r1", &why).status, 403);
    assert_eq!(
        send(
            &live.at,
            &engineer,
            &format!("{source}/rejects/999/unmask"),
            "r2",
            &why
        )
        .status,
        404
    );
    live.stop();
    // Who may unmask is the office's to say.
    let config = world.read("tocsin.toml");
    world.write(
        "tocsin.toml",
        config.clone() + "[people]\nunmask = [\"analyst\"]\n",
    );
    let live = world.ready("data");
    assert_eq!(send(&live.at, &analyst, &path, "r3", &why).status, 200);
    assert_eq!(send(&live.at, &engineer, &path, "r4", &why).status, 403);
    live.stop();
    world.write("tocsin.toml", config + "[people]\nunmask = [\"auditor\"]\n");
    let refused = run(&world, &["people", "list"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("`people.unmask`"), "{}", refused.err);
}
