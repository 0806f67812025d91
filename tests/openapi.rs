//! Who writes a program against the API relies on it: the document says of every
//! path what it takes and answers, and answers are so.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::office::{self, account, assignment, does, get, with_casework};
use support::{World, codes, http, schema, town, wait_until};

const ROLES: [&str; 6] = [
    "duty-officer",
    "head",
    "analyst",
    "engineer",
    "administrator",
    "auditor",
];

/// Answers held against the document.
struct Checked<'a> {
    at: &'a str,
    document: Value,
    tokens: Vec<(&'static str, String)>,
    seen: BTreeSet<String>,
}

impl Checked<'_> {
    /// The token of somebody whom a path lets in.
    fn token(&self, operation: &Value) -> &str {
        let roles = operation["x-roles"].as_array().unwrap();
        let found = self
            .tokens
            .iter()
            .find(|(role, _)| roles.contains(&json!(role)));
        &found.unwrap().1
    }

    /// Asks a path of the document, with something in its segments.
    fn get(&mut self, path: &str, asked: &str) -> Value {
        let operation = self.document["paths"][path]["get"].clone();
        let token = self.token(&operation).to_owned();
        self.get_as(&token, path, asked)
    }

    fn get_as(&mut self, token: &str, path: &str, asked: &str) -> Value {
        let answer = get(self.at, token, asked);
        let said = &self.document["paths"][path]["get"]["responses"]["2XX"]["content"];
        let schema = &said["application/json"]["schema"];
        assert!(schema.is_object(), "{path} does not say what it answers");
        let faults = schema::faults(&self.document, schema, &answer);
        assert!(faults.is_empty(), "{asked}: {faults:#?}");
        self.seen.insert(path.to_owned());
        answer
    }
}

fn office() -> World {
    let world = town::town();
    with_casework(&world);
    for source in ["lead", "account", "personal_account"] {
        let file = format!("sources/pbc/{source}.toml");
        world.edit(&file, "basis ", "sensitivity = \"L4\"\nbasis ");
    }
    // A reject, and a name that nobody bears.
    world.deliver("msa/penalty/2025", "P9,nonsense,,-,never,\n");
    world.deliver("12345/ticket/2025", "T8,无名氏公司,保本,2025-06-01,\n");
    world
}

#[test]
fn every_answer_is_what_the_document_says() {
    let world = office();
    let cleared = ["--clearance", "4"];
    let tokens = ROLES.map(|role| (role, account(&world, role, &[role], &cleared)));
    let low = account(&world, "low", &["duty-officer"], &[]);
    for name in ["one", "two"] {
        account(&world, name, &["investigator"], &[]);
    }
    world.set_day("2025-06-29");
    world.run_once("data");
    world.set_day("2025-06-30");
    let live = world.ready("data");
    let duty = tokens[0].1.clone();
    let mut checked = Checked {
        at: &live.at,
        document: http::get(&live.at, "/api/openapi.json").json(),
        tokens: tokens.into(),
        seen: BTreeSet::new(),
    };
    let mut cases = Value::Null;
    wait_until("the policy opens cases", || {
        cases = get(&live.at, &duty, "/api/v1/cases?open=yes")["cases"].clone();
        cases.as_array().is_some_and(|cases| cases.len() > 1)
    });
    let id = cases[0]["id"].as_str().unwrap();
    does(&live.at, &duty, id, json!({"do": "acknowledge"}));
    does(&live.at, &duty, id, assignment(&["one", "two"]));
    let alerts = checked.get("/api/v1/alerts", "/api/v1/alerts?status=open&order=ranked");
    let alert = alerts["alerts"][0]["id"].as_str().unwrap().to_owned();
    let wanted = json!({"alert": alert, "text": "已知情况", "until": "2025-07-10"});
    let key = [("idempotency-key", "s")];
    let path = "/api/v1/suppressions";
    let made = office::send(&live.at, &duty, "POST", path, &key, &wanted).unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
    let wanted = json!({"capacity": 3});
    let head = checked.tokens[1].1.clone();
    let path = "/api/v1/queue";
    let drawn = office::send(&live.at, &head, "POST", path, &[], &wanted).unwrap();
    assert_eq!(drawn.status, 200, "{}", drawn.body);
    let code = codes::code(1);
    for (path, asked) in [
        ("/api/v1/queue", "/api/v1/queue".to_owned()),
        ("/api/v1/news", "/api/v1/news".to_owned()),
        ("/api/v1/people/{name}", "/api/v1/people/one".to_owned()),
        ("/api/v1/alerts/{id}", format!("/api/v1/alerts/{alert}")),
        (
            "/api/v1/enterprises/{id}",
            format!("/api/v1/enterprises/{code}"),
        ),
        (
            "/api/v1/enterprises/{id}/explanation",
            format!("/api/v1/enterprises/{code}/explanation"),
        ),
        (
            "/api/v1/enterprises/{id}/change",
            format!("/api/v1/enterprises/{code}/change?since=2025-06-29"),
        ),
        (
            "/api/v1/enterprises/{id}/history",
            format!("/api/v1/enterprises/{code}/history"),
        ),
        ("/api/v1/groups", "/api/v1/groups".to_owned()),
        ("/api/v1/sources", "/api/v1/sources".to_owned()),
        (
            "/api/v1/sources/{agency}/{resource}",
            "/api/v1/sources/msa/penalty".to_owned(),
        ),
        (
            "/api/v1/sources/{agency}/{resource}/rejects",
            "/api/v1/sources/msa/penalty/rejects".to_owned(),
        ),
        ("/api/v1/models", "/api/v1/models".to_owned()),
        ("/api/v1/models/watch", "/api/v1/models/watch".to_owned()),
        ("/api/v1/rules", "/api/v1/rules".to_owned()),
        (
            "/api/v1/identity/waiting",
            "/api/v1/identity/waiting".to_owned(),
        ),
        ("/api/v1/cases", "/api/v1/cases".to_owned()),
        ("/api/v1/cases/{id}", format!("/api/v1/cases/{id}")),
        (
            "/api/v1/cases/{id}/deeds",
            format!("/api/v1/cases/{id}/deeds"),
        ),
        ("/api/v1/suppressions", "/api/v1/suppressions".to_owned()),
        ("/api/v1/outcomes", "/api/v1/outcomes".to_owned()),
        ("/api/v1/people", "/api/v1/people".to_owned()),
        ("/api/v1/audit", "/api/v1/audit".to_owned()),
        ("/api/v1/audit/verify", "/api/v1/audit/verify".to_owned()),
        ("/api/v1/me", "/api/v1/me".to_owned()),
    ] {
        checked.get(path, &asked);
    }
    // What is told to who may not see everything is so, too.
    for (path, asked) in [
        ("/api/v1/alerts", "/api/v1/alerts".to_owned()),
        ("/api/v1/alerts/{id}", format!("/api/v1/alerts/{alert}")),
        (
            "/api/v1/enterprises/{id}",
            format!("/api/v1/enterprises/{code}"),
        ),
        (
            "/api/v1/enterprises/{id}/explanation",
            format!("/api/v1/enterprises/{code}/explanation"),
        ),
    ] {
        checked.get_as(&low, path, &asked);
    }
    let paths = checked.document["paths"].as_object().unwrap().iter();
    let gets = paths.filter(|(_, operations)| operations["get"].is_object());
    let gets: BTreeSet<String> = gets.map(|(path, _)| path.clone()).collect();
    // A stream never ends, the document describes itself, and this town is no
    // group's: `tests/groups.rs` asks for one.
    let apart = [
        "/api/v1/alerts/stream",
        "/api/openapi.json",
        "/api/v1/groups/{id}",
    ];
    let left: Vec<&String> = gets
        .difference(&checked.seen)
        .filter(|path| !apart.contains(&path.as_str()))
        .collect();
    assert!(left.is_empty(), "nobody asked {left:?}");
}

#[test]
fn every_body_is_described() {
    let world = office();
    let live = world.ready("data");
    let document = http::get(&live.at, "/api/openapi.json").json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"];
            let bare = body.is_object() && body["schema"].is_null();
            // They take nothing.
            let none = ["/api/v1/rules/reload"].contains(&path.as_str());
            assert!(!bare || none, "{method} {path} does not say what it takes");
        }
    }
}
