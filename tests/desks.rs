//! The office relies on it: administrator, auditor and whoever plans the week find
//! on their pages what the log and the scores say, and nobody misses what is new.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::office::{self, account, act, get, run, with_casework};
use support::{World, codes, http, town, wait_until};

/// A town whose enterprises lie in two districts, with a queue of which a fifth is
/// drawn at random.
fn town() -> World {
    let world = town::town();
    with_casework(&world);
    let source = "sources/msa/registration.toml";
    world.edit(
        source,
        "\"核准日期\" = \"date\"",
        "\"核准日期\" = \"date\"\n\"所属区\" = \"text\"",
    );
    world.edit(
        source,
        "name = \"企业名称\"\n",
        "name = \"企业名称\"\ndistrict = \"所属区\"\n",
    );
    let file = "landing/msa/registration/2025.csv";
    let rows = world.read(file);
    let rows = rows.lines().enumerate().map(|(place, line)| {
        let district = ["所属区", "南屿区", "南屿区", "北湾区", "北湾区"][place];
        format!("{line},{district}\n")
    });
    world.write(file, rows.collect::<String>());
    let config = world.read("tocsin.toml");
    world.write("tocsin.toml", config + "[queue]\naudit_share = 0.2\n");
    world
}

fn page(at: &str, token: &str, path: &str) -> http::Reply {
    office::send(at, token, "GET", path, &[], &Value::Null).unwrap()
}

#[track_caller]
fn shown(at: &str, token: &str, path: &str) -> String {
    let reply = page(at, token, path);
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    reply.body
}

fn form(at: &str, token: &str, path: &str, body: &str) -> http::Reply {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    http::try_request(at, "POST", path, &headers, body).unwrap()
}

fn post(at: &str, token: &str, path: &str, key: &str, body: &Value) -> http::Reply {
    office::send(at, token, "POST", path, &[("idempotency-key", key)], body).unwrap()
}

#[test]
fn an_administrator_keeps_the_accounts_on_pages() {
    let world = town();
    let admin = account(&world, "gl", &["administrator"], &[]);
    // Before anything was taken in nobody knows the districts.
    let duty = account(&world, "wf", &["duty-officer"], &["--district", "南屿区"]);
    office::password(&world, "wf");
    let live = world.ready("data");
    let added = "name=lq&display=%E6%9D%8E%E5%BC%BA&role=investigator&role=head&districts=%E5%8C%97%E6%B9%BE%E5%8C%BA&clearance=4&key=a1";
    assert_eq!(form(&live.at, &admin, "/people", added).status, 303);
    let listed = shown(&live.at, &admin, "/people");
    assert!(listed.contains("/people/lq") && listed.contains("李强") && listed.contains("北湾区"));
    let nowhere = form(
        &live.at,
        &admin,
        "/people",
        &added
            .replace("=lq", "=lx")
            .replace("%E5%8C%97", "%E8%A5%BF"),
    );
    assert_eq!(nowhere.status, 422);
    assert!(
        nowhere.body.contains("西湾区") && nowhere.body.contains("北湾区、南屿区"),
        "{}",
        nowhere.body
    );
    wait_until("the server has noted the districts", || {
        let refused = run(
            &world,
            &[
                "people",
                "add",
                "zz",
                "--display",
                "zz",
                "--role",
                "head",
                "--district",
                "西湾区",
            ],
        );
        refused.code == Some(1) && refused.err.contains("known are 北湾区, 南屿区")
    });
    // Locked by wrong passwords, and let in again with a reason.
    for _ in 0..5 {
        let wrong = json!({"name": "wf", "password": "wrong horse battery"});
        office::send(&live.at, "", "POST", "/api/v1/session", &[], &wrong).unwrap();
    }
    let one = shown(&live.at, &admin, "/people/wf");
    assert!(one.contains("value=\"unlock\""), "{one}");
    let silent = form(&live.at, &admin, "/people/wf", "do=unlock&text=&key=u1");
    assert_eq!(silent.status, 422);
    assert_eq!(
        form(
            &live.at,
            &admin,
            "/people/wf",
            "do=unlock&text=forgot&key=u2"
        )
        .status,
        303
    );
    assert!(!shown(&live.at, &admin, "/people/wf").contains("value=\"unlock\""));
    // A token of theirs ends; then the account is closed, and opened again.
    let whole = get(&live.at, &admin, "/api/v1/people/wf");
    let id = whole["credentials"][0]["id"].as_str().unwrap();
    assert_eq!(page(&live.at, &duty, "/cases").status, 200);
    assert_eq!(
        form(
            &live.at,
            &admin,
            "/people/wf",
            &format!("do=revoke&id={id}&key=r1")
        )
        .status,
        303
    );
    assert_eq!(page(&live.at, &duty, "/cases").status, 401);
    assert_eq!(
        form(
            &live.at,
            &admin,
            "/people/wf",
            "do=disable&text=left&key=d1"
        )
        .status,
        303
    );
    assert!(
        get(&live.at, &admin, "/api/v1/people/wf")["disabled"]
            .as_bool()
            .unwrap()
    );
    let again = "do=change&display=wf&role=duty-officer&districts=&clearance=2&key=c1";
    assert_eq!(form(&live.at, &admin, "/people/wf", again).status, 303);
    let open = get(&live.at, &admin, "/api/v1/people/wf");
    assert_eq!(
        (&open["disabled"], &open["clearance"]),
        (&json!(false), &json!(2))
    );
    live.stop();
    run(&world, &["audit", "verify"]).ok();
}

#[test]
fn an_auditor_reads_the_log_and_that_is_in_it() {
    let world = town();
    let auditor = account(&world, "sj", &["auditor"], &[]);
    let duty = account(&world, "wf", &["duty-officer"], &[]);
    let live = world.ready("data");
    wait_until("the policy opens a case", || {
        get(&live.at, &duty, "/api/v1/cases")["cases"][0].is_object()
    });
    shown(&live.at, &duty, &format!("/enterprises/{}", codes::code(1)));
    let log = shown(&live.at, &auditor, "/audit");
    assert!(
        log.contains("case.open") && log.contains("person.add") && log.contains("/enterprises/"),
        "{log}"
    );
    let by = shown(&live.at, &auditor, "/audit?who=wf");
    assert!(by.contains("<code>wf</code>") && !by.contains("<code>#policy</code>"));
    let of = shown(
        &live.at,
        &auditor,
        "/audit?kind=case.open&from=2025-06-30&until=2025-06-30",
    );
    assert!(of.contains("<code>case.open</code>") && !of.contains("<code>person.add</code>"));
    let before = shown(&live.at, &auditor, "/audit?kind=case.open&until=2025-06-29");
    assert!(!before.contains("<code>case.open</code>"));
    assert_eq!(
        page(&live.at, &auditor, "/audit?from=yesterday").status,
        400
    );
    let whole = shown(&live.at, &auditor, "/audit?verify=yes");
    assert!(whole.contains("check holds"), "{whole}");
    let own = get(&live.at, &auditor, "/api/v1/audit?subject=audit&newest=yes");
    assert_eq!(own["lines"][0]["who"], "sj");
    assert!(own["lines"].as_array().unwrap().len() >= 6, "{own}");
    assert_eq!(
        own["lines"][1]["action"]["read"]["path"],
        "/audit?verify=yes"
    );
    // Pages, the last first, without a gap.
    for n in 0..130 {
        get(
            &live.at,
            &auditor,
            &format!("/api/v1/audit?limit=1&after={n}"),
        );
    }
    let first = shown(&live.at, &auditor, "/audit?who=sj");
    let next = first
        .split("class=\"next\"><a hx-boost=\"true\" href=\"")
        .nth(1)
        .unwrap();
    let next = next
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&")
        .replace("&#38;", "&");
    let last_seq = |page: &str| page.matches("<tr><td class=\"n\">").count();
    assert_eq!(last_seq(&first), 100);
    assert!(last_seq(&shown(&live.at, &auditor, &next)) >= 30);
    for path in ["/", "/cases", "/people", "/queue"] {
        assert_eq!(page(&live.at, &auditor, path).status, 403, "{path}");
    }
}

#[test]
fn what_is_hidden_is_seen_with_who_why_and_how_much_and_lifted_with_a_reason() {
    let world = town();
    let duty = account(&world, "wf", &["duty-officer"], &["--clearance", "4"]);
    let auditor = account(&world, "sj", &["auditor"], &[]);
    let live = world.ready("data");
    let alerts = get(&live.at, &duty, "/api/v1/alerts");
    let alert = alerts["alerts"][0]["id"].as_str().unwrap().to_owned();
    let enterprise = shown(&live.at, &duty, &format!("/enterprises/{}", codes::code(1)));
    assert!(enterprise.contains("/work\""), "{enterprise}");
    let of = alert.rsplit_once('-').unwrap().0;
    let work = format!("/enterprises/{of}/work");
    let wanted = |until: &str, key: &str| {
        format!("do=suppress&alert={alert}&text=duplicate&until={until}&key={key}")
    };
    assert_eq!(
        form(&live.at, &duty, &work, &wanted("2026-06-30", "s0")).status,
        422
    );
    assert_eq!(
        form(&live.at, &duty, &work, &wanted("2025-07-30", "s1")).status,
        303
    );
    for reader in [&duty, &auditor] {
        let list = shown(&live.at, reader, "/suppressions");
        assert!(list.contains(&alert) && list.contains("duplicate") && list.contains("2025-07-30"));
        assert_eq!(list.contains("value=\"lift\""), reader == &duty);
    }
    let lift = format!("do=lift&alert={alert}&text=&key=l0");
    assert_eq!(form(&live.at, &duty, "/suppressions", &lift).status, 422);
    assert_eq!(form(&live.at, &auditor, "/suppressions", &lift).status, 403);
    let lift = format!("do=lift&alert={alert}&text=checked&key=l1");
    assert_eq!(form(&live.at, &duty, "/suppressions", &lift).status, 303);
    let list = shown(&live.at, &duty, "/suppressions");
    assert!(
        list.contains("wf checked") && !list.contains("value=\"lift\""),
        "{list}"
    );
}

#[test]
fn what_is_new_stays_new_until_it_is_said_to_be_seen() {
    let world = town();
    let duty = account(&world, "wf", &["duty-officer"], &["--clearance", "4"]);
    let south = account(
        &world,
        "ny",
        &["duty-officer"],
        &["--clearance", "4", "--district", "南屿区"],
    );
    let live = world.ready("data");
    let count = |token: &str| {
        let all = get(&live.at, token, "/api/v1/alerts");
        all["alerts"].as_array().unwrap().len()
    };
    wait_until("the policy opens all cases", || {
        get(&live.at, &duty, "/api/v1/cases")["cases"]
            .as_array()
            .unwrap()
            .len()
            == count(&duty)
    });
    let news = |token: &str| get(&live.at, token, "/api/v1/news");
    let first = news(&duty);
    assert_eq!(first["since"], Value::Null);
    assert_eq!(first["counts"]["new"], count(&duty), "{first}");
    assert_eq!(news(&south)["counts"]["new"], count(&south));
    assert_eq!(first["cases"].as_array().unwrap().len(), count(&duty));
    // Looking moves nothing, however often.
    assert!(shown(&live.at, &duty, "/").contains("action=\"/news/seen\""));
    shown(&live.at, &duty, "/cases");
    assert_eq!(news(&duty)["counts"], first["counts"]);
    let seen = post(&live.at, &duty, "/api/v1/news/seen", "n1", &first["upto"]);
    assert_eq!(seen.status, 200, "{}", seen.body);
    let after = news(&duty);
    assert_eq!(
        (&after["alerts"], &after["cases"], &after["clocks"]),
        (&json!([]), &json!([]), &json!([]))
    );
    assert_ne!(
        news(&south)["counts"],
        json!({}),
        "another's place is another's"
    );
    // A source takes a record back, another brings more; somebody acts on a case;
    // and time passes.
    let csv = |row: String| format!("文号,代码,当事人,金额,决定日期,op\n{row}\n");
    let push = |body: &str| {
        let engineer = account(
            &world,
            &format!("e{}", body.len()),
            &["engineer"],
            &["--clearance", "4"],
        );
        let bearer = format!("Bearer {engineer}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "text/csv"),
        ];
        let path = "/api/v1/sources/msa/penalty/records";
        assert_eq!(
            http::try_request(&live.at, "POST", path, &headers, body)
                .unwrap()
                .status,
            200
        );
    };
    push(&csv(format!(
        "N1,{},,900000000,2025-06-28,",
        codes::code(1)
    )));
    let case = get(&live.at, &south, "/api/v1/cases")["cases"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let done = act(&live.at, &south, &case, "k1", &json!({"do": "acknowledge"}));
    assert_eq!(done.status, 200, "{}", done.body);
    world.set_day("2025-07-20");
    wait_until("the news are there", || {
        let now = news(&duty);
        now["alerts"][0].is_object() && now["cases"][0].is_object() && now["clocks"][0].is_object()
    });
    let now = news(&duty);
    assert_eq!(
        now["cases"][0]["done"],
        json!([["acknowledge", "ny"]]),
        "{now}"
    );
    assert!(now["clocks"][0]["percent"].as_u64() > now["clocks"][0]["percent_before"].as_u64());
    assert!(
        ["rose", "corrected", "fell"].contains(&now["alerts"][0]["became"].as_str().unwrap()),
        "{now}"
    );
    // What one did oneself is no news to oneself.
    assert!(
        !news(&south)["cases"]
            .to_string()
            .contains("\"acknowledge\",\"ny\"")
    );
    let feed = shown(&live.at, &duty, "/");
    let hidden = |name: &str| {
        let part = feed
            .split(&format!("name=\"{name}\" value=\""))
            .nth(1)
            .unwrap();
        part.split('"').next().unwrap().to_owned()
    };
    let said = format!(
        "key={}&events={}&deeds={}&back=/",
        hidden("key"),
        hidden("events"),
        hidden("deeds")
    );
    assert_eq!(form(&live.at, &duty, "/news/seen", &said).status, 303);
    let last = news(&duty);
    assert_eq!(last["alerts"], json!([]), "{last}");
    assert!(
        last["cases"][0].is_object(),
        "the feed says nothing of cases"
    );
    live.stop();
    run(&world, &["audit", "verify"]).ok();
}

#[test]
fn a_queue_is_drawn_once_and_says_what_it_is_expected_to_find() {
    let world = town();
    let duty = account(
        &world,
        "wf",
        &["duty-officer"],
        &["--clearance", "4", "--district", "南屿区"],
    );
    let head = account(&world, "fz", &["head"], &["--clearance", "4"]);
    let low = account(&world, "lo", &["head"], &["--clearance", "1"]);
    world.edit(
        "sources/pbc/lead.toml",
        "basis ",
        "sensitivity = \"L4\"\nbasis ",
    );
    let live = world.ready("data");
    let none = page(&live.at, &head, "/api/v1/queue");
    assert_eq!(none.status, 404, "{}", none.body);
    // Who sees one district gets that one, and no other.
    assert_eq!(
        form(&live.at, &duty, "/queue", "district=&capacity=2").status,
        303
    );
    let own = shown(&live.at, &duty, "/queue");
    assert!(
        own.contains(&codes::code(1)) && !own.contains(&codes::code(3)),
        "{own}"
    );
    let other = post(
        &live.at,
        &duty,
        "/api/v1/queue",
        "q",
        &json!({"capacity": 2, "district": "北湾区"}),
    );
    assert_eq!(other.status, 403);
    assert_eq!(page(&live.at, &low, "/api/v1/queue").status, 403);
    let all = json!({"capacity": 4});
    let drawn = post(&live.at, &head, "/api/v1/queue", "q", &all);
    assert_eq!(drawn.status, 200, "{}", drawn.body);
    let drawn = drawn.json();
    let places = drawn["places"].as_array().unwrap();
    let random = places
        .iter()
        .filter(|place| place["why"] == "audit")
        .count();
    assert_eq!((places.len(), random), (4, 1), "{drawn}");
    let expected = &drawn["expected"];
    let sum = expected["by_score"].as_f64().unwrap() + expected["by_chance"].as_f64().unwrap();
    assert!(
        (sum - expected["positives"].as_f64().unwrap()).abs() < 1e-9,
        "{expected}"
    );
    assert!(expected["low"].as_u64() <= expected["high"].as_u64());
    // The same again, and no other for the day.
    assert_eq!(
        post(&live.at, &head, "/api/v1/queue", "q", &all).json(),
        drawn
    );
    assert_eq!(get(&live.at, &head, "/api/v1/queue"), drawn);
    let more = post(
        &live.at,
        &head,
        "/api/v1/queue",
        "q",
        &json!({"capacity": 3}),
    );
    assert_eq!(more.status, 409, "{}", more.body);
    assert!(more.body.contains("--capacity 4"), "{}", more.body);
    assert_eq!(form(&live.at, &head, "/queue", "capacity=many").status, 422);
    let seen = shown(&live.at, &head, "/queue");
    assert_eq!(seen.matches("class=\"random\"").count(), 1, "{seen}");
}
