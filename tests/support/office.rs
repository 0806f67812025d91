//! An office that works on alerts: accounts, sessions, and what they send.

use super::http::{self, Reply};
use super::{Ran, World, program, text};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// Adds casework to a world: cases open at blue, outcomes become records of a
/// source that has a column more than they have.
pub fn with_casework(world: &World) {
    let outcomes = "sources/finance-office/outcome.toml";
    let declared = world.read(outcomes);
    let more = declared.replace("[enterprise]", "\"涉及金额\" = \"money\"\n\n[enterprise]");
    assert_ne!(declared, more);
    world.write(outcomes, more);
    let config = world.read("tocsin.toml");
    world.write(
        "tocsin.toml",
        config
            + r#"
[casework]
store = "casework.db"
open_from = "blue"
outcome_source = "finance-office/outcome"
outcome_columns = { case = "核查编号", enterprise = "统一社会信用代码", outcome = "核查结论" }
"#,
    );
}

/// `tocsin people` or `audit` on a world's configuration.
pub fn run(world: &World, arguments: &[&str]) -> Ran {
    feed(world, arguments, "")
}

/// The same, with something to read.
pub fn feed(world: &World, arguments: &[&str], input: &str) -> Ran {
    let config = world.path("tocsin.toml");
    let mut child = program(arguments)
        .args(["--config", text(&config)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

/// Adds an account, and gives a token of it.
#[track_caller]
pub fn account(world: &World, name: &str, roles: &[&str], more: &[&str]) -> String {
    let mut arguments = vec!["people", "add", name, "--display", name];
    for role in roles {
        arguments.extend(["--role", role]);
    }
    run(world, &[&arguments, more].concat()).ok();
    let token = run(world, &["people", "token", name, "--why", "test"])
        .ok()
        .out;
    token.trim().to_owned()
}

/// Sets a password.
#[track_caller]
pub fn password(world: &World, name: &str) {
    feed(
        world,
        &["people", "password", name],
        &format!("{PASSWORD}\n"),
    )
    .ok();
}

/// Sends JSON with a token.
pub fn send(
    at: &str,
    token: &str,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: &Value,
) -> Option<Reply> {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    headers.extend(more);
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    http::try_request(at, method, path, &headers, &body)
}

/// GET with a token, which must be answered so.
#[track_caller]
pub fn get(at: &str, token: &str, path: &str) -> Value {
    let reply = send(at, token, "GET", path, &[], &Value::Null).unwrap();
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    reply.json()
}

/// Does something with a case as it is now; gives the answer.
#[track_caller]
pub fn act(at: &str, token: &str, case: &str, key: &str, action: &Value) -> Reply {
    let path = format!("/api/v1/cases/{case}");
    let version = send(at, token, "GET", &path, &[], &Value::Null).unwrap();
    let version = version.header("etag").unwrap_or("\"0\"").to_owned();
    let more = [("idempotency-key", key), ("if-match", version.as_str())];
    send(at, token, "POST", &format!("{path}/actions"), &more, action).unwrap()
}

/// Does something that must be done.
#[track_caller]
pub fn does(at: &str, token: &str, case: &str, action: Value) -> Value {
    let key = format!("{}-{}", action["do"].as_str().unwrap(), rand());
    let reply = act(at, token, case, &key, &action);
    assert_eq!(reply.status, 200, "{action}: {}", reply.body);
    reply.json()
}

/// Does something that must be refused so.
#[track_caller]
pub fn may_not(at: &str, token: &str, case: &str, action: Value, status: u16) {
    let key = format!("{}-{}", action["do"].as_str().unwrap(), rand());
    let reply = act(at, token, case, &key, &action);
    assert_eq!(reply.status, status, "{action}: {}", reply.body);
}

fn rand() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The assignment of a case whose alert has no district.
pub fn assignment(investigators: &[&str]) -> Value {
    json!({"do": "assign", "investigators": investigators, "places": {"registered": "南屿区", "conduct": ["北湾区"]}})
}
