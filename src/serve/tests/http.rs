//! Every path once, right and wrong.

use super::client::{Reply, get, post};
use super::world::{CODES, World};
use serde_json::json;

const PUSH: &str = "/api/v1/sources/tips/tip/records";

fn problem(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.body);
    assert!(
        reply
            .head
            .contains("content-type: application/problem+json"),
        "{}",
        reply.head
    );
    assert_eq!(reply.json()["status"], status);
    reply.json()["detail"].as_str().unwrap().to_owned()
}

#[test]
fn an_enterprise_is_found_explained_and_followed() {
    let world = World::start();
    for id in [CODES[1], "%E4%B8%87%E5%AE%B6%E6%9E%9C%E4%B8%9A"] {
        let found = get(world.at, &format!("/api/v1/enterprises/{id}")).json();
        assert_eq!(
            (&found["id"], &found["name"]),
            (&json!(CODES[1]), &json!("万家果业"))
        );
        assert_eq!(
            (&found["level"], &found["alert"]),
            (&json!("none"), &json!(null))
        );
    }
    let path = format!("/api/v1/enterprises/{}", CODES[0]);
    let found = get(world.at, &path).json();
    assert_eq!(found["level"], "blue");
    assert_eq!(found["score"]["log_odds"], -1_999_999);
    assert_eq!(found["alert"]["id"], format!("{}-1", CODES[0]));
    assert_eq!(found["alert"]["agencies"], json!(["地方金融管理局"]));
    assert_eq!(found["text"], "风险线索,非认定");
    let why = get(world.at, &format!("{path}/explanation")).json();
    assert_eq!(why["log_odds"], -1_999_999);
    let part = &why["contributions"][0];
    assert_eq!(
        (&part["feature"], &part["weight"]),
        (&json!("tips"), &json!(2_000_001))
    );
    let record = &part["records"][0];
    assert_eq!((&record["key"], &record["line"]), (&json!("T1"), &json!(2)));
    let history = get(world.at, &format!("{path}/history")).json();
    assert_eq!(history["history"][0]["log_odds"], -1_999_999);
}

#[test]
fn what_is_unknown_or_wrong_is_a_problem() {
    let world = World::start();
    let at = |path: &str| get(world.at, path);
    let unknown = problem(&at("/api/v1/enterprises/nobody"), 404);
    assert!(
        unknown.starts_with("enterprise `nobody` is unknown"),
        "{unknown}"
    );
    problem(&at("/api/v1/alerts/nothing-1"), 404);
    problem(&at("/api/v1/sources/no/such"), 404);
    problem(&at("/api/v1/nowhere"), 404);
    problem(&at("/api/v1/enterprises/%FF"), 400);
    assert!(problem(&at("/api/v1/alerts?level=pink"), 400).contains("`pink`"));
    assert!(problem(&at("/api/v1/alerts?levle=red"), 400).contains("levle"));
    problem(&at("/api/v1/alerts?limit=0"), 400);
    problem(&at("/api/v1/alerts?after=here"), 400);
    let path = format!("/api/v1/enterprises/{}/explanation?at=2020-01-01", CODES[0]);
    problem(&at(&path), 400);
    problem(&post(world.at, "/api/v1/alerts", "text/csv", b"x"), 405);
}

#[test]
fn alerts_are_listed_filtered_and_told_whole() {
    let world = World::start();
    let list = get(
        world.at,
        "/api/v1/alerts?level=blue&status=open&order=ranked",
    )
    .json();
    assert_eq!(list["alerts"].as_array().unwrap().len(), 1);
    assert_eq!(list["next"], json!(null));
    assert_eq!(list["alerts"][0]["reasons"][0]["category"], "E");
    let none = get(world.at, "/api/v1/alerts?level=red").json();
    assert_eq!(none["alerts"], json!([]));
    let whole = get(world.at, &format!("/api/v1/alerts/{}-1", CODES[0])).json();
    assert_eq!(whole["events"][0]["sequence"], "00000000000000000001");
    assert_eq!(whole["events"][0]["data"]["level_before"], "none");
}

#[test]
fn records_are_pushed_answered_and_counted() {
    let world = World::start();
    let csv = format!("no,code,date\nP1,{0},2025-03-02\nP2,{0},soon\n", CODES[1]);
    let reply = post(world.at, PUSH, "text/csv; charset=utf-8", csv.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.body);
    let stats = reply.json();
    assert_eq!((&stats["read"], &stats["accepted"]), (&json!(2), &json!(1)));
    let again = post(world.at, PUSH, "text/csv", csv.as_bytes()).json();
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(1))
    );
    let found = get(world.at, &format!("/api/v1/enterprises/{}", CODES[1])).json();
    assert_eq!(found["level"], "blue");
    let rejects = get(world.at, "/api/v1/sources/tips/tip/rejects?limit=2").json();
    assert_eq!(rejects["rejects"][1]["value"], "soon");
    let next = get(
        world.at,
        &format!("/api/v1/sources/tips/tip/rejects?after={}", rejects["next"]),
    );
    assert_eq!(next.json()["rejects"].as_array().unwrap().len(), 1);
}

#[test]
fn a_push_that_finds_the_queue_full_is_to_come_back_later() {
    let world = World::start_busy();
    let at = world.at;
    // Waits in the queue for an answer that does not come.
    let waiting = std::thread::spawn(move || post(at, PUSH, "text/csv", b"no,code,date\n"));
    std::thread::sleep(std::time::Duration::from_millis(300));
    let reply = post(world.at, PUSH, "text/csv", b"no,code,date\n");
    problem(&reply, 503);
    assert!(reply.head.contains("retry-after: 2"), "{}", reply.head);
    world.stop_pipeline();
    assert_eq!(waiting.join().unwrap().status, 503);
}

#[test]
fn a_push_that_cannot_be_taken_is_refused() {
    let world = World::start();
    problem(
        &post(
            world.at,
            "/api/v1/sources/no/such/records",
            "text/csv",
            b"a\n1\n",
        ),
        404,
    );
    problem(&post(world.at, PUSH, "application/json", b"{}"), 415);
    problem(&post(world.at, PUSH, "text/csv", b""), 400);
    let lacking = problem(&post(world.at, PUSH, "text/csv", b"no,when\n1,2\n"), 422);
    assert!(lacking.contains("lacks the declared columns"), "{lacking}");
    let large = vec![b'x'; (16 << 20) + 1];
    problem(&post(world.at, PUSH, "text/csv", &large), 413);
}

#[test]
fn sources_models_and_machinery_are_told() {
    let world = World::start();
    let sources = get(world.at, "/api/v1/sources").json();
    let tips = &sources["sources"][1];
    assert_eq!(
        (&tips["id"], &tips["rejected"]),
        (&json!("tips/tip"), &json!(1))
    );
    assert_eq!(tips["freshness"]["state"], "fresh");
    assert_eq!(
        (&tips["freshness"]["warn_days"], &tips["matched"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(get(world.at, "/api/v1/sources/tips/tip").json(), *tips);
    let model = get(world.at, "/api/v1/models").json();
    assert_eq!(model["in_force"]["intercept"], -4_000_000);
    assert_eq!(
        model["in_force"]["features"][0]["bins"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let metrics = get(world.at, "/metrics");
    assert!(
        metrics
            .head
            .contains("content-type: text/plain; version=0.0.4")
    );
    assert!(metrics.body.contains("tocsin_records_total"));
    assert_eq!(get(world.at, "/healthz").body, "ok\n");
    assert_eq!(get(world.at, "/readyz").status, 200);
}

#[test]
fn pages_show_what_there_is_and_escape_it() {
    let world = World::start();
    let home = get(world.at, "/");
    assert_eq!(home.status, 200);
    let enterprise = get(world.at, &format!("/enterprises/{}", CODES[0])).body;
    let source = get(world.at, "/sources/tips/tip").body;
    for page in [
        &home.body,
        &enterprise,
        &source,
        &get(world.at, "/sources").body,
    ] {
        assert!(page.contains("风险线索,非认定"));
        assert!(
            !page.contains("<script>鼎盛") && !page.contains("<i>soon"),
            "{page}"
        );
        assert!(
            !page.contains("style=") && !page.contains("onclick"),
            "the policy forbids it"
        );
    }
    assert!(
        home.body.contains("&#60;script&#62;鼎盛&#38;财富"),
        "{}",
        home.body
    );
    assert!(home.body.contains("data-after=\"1\""));
    for text in [
        "−4.000000",
        "+2.000001",
        "−1.999999",
        "✓ 逐位相等",
        "✓ 与已发布",
        "in/tips/1.csv",
    ] {
        let text = text.strip_prefix("in/").unwrap_or(text);
        assert!(enterprise.contains(text), "{text} is not in {enterprise}");
    }
    assert!(source.contains("&#60;i&#62;soon") && source.contains("365 d"));
    let filtered = get(world.at, "/?level=red&status=closed&after=").body;
    assert!(!filtered.contains("鼎盛"));
}

#[test]
fn a_search_leads_to_the_enterprise_or_says_that_there_is_none() {
    let world = World::start();
    let found = get(world.at, "/search?q=%E5%AE%89%E5%B1%85%E5%85%BB%E8%80%81");
    assert_eq!(found.status, 303);
    assert!(found.head.contains(&format!(
        "location: /enterprises/{}",
        CODES[2].to_lowercase()
    )));
    let none = get(world.at, "/search?q=%3Cscript%3E");
    assert_eq!(none.status, 404);
    assert!(none.body.contains("&#60;script") && !none.body.contains("`<script>"));
    assert_eq!(get(world.at, "/nowhere").status, 404);
}

#[test]
fn every_answer_carries_the_protecting_headers() {
    let world = World::start();
    for path in [
        "/",
        "/assets/console.js",
        "/api/v1/sources",
        "/api/v1/nowhere",
        "/nowhere",
    ] {
        let head = get(world.at, path).head;
        assert!(
            head.contains("content-security-policy: default-src 'none'"),
            "{path}: {head}"
        );
        assert!(
            head.contains("x-content-type-options: nosniff"),
            "{path}: {head}"
        );
        assert!(
            head.contains("referrer-policy: no-referrer"),
            "{path}: {head}"
        );
    }
    let script = get(world.at, "/assets/console.js");
    assert!(script.head.contains("content-type: text/javascript"));
    assert_eq!(get(world.at, "/assets/other.js").status, 404);
}
