//! An administrator relies on it: everybody gets in as what they are, and only so
//! far; what they looked at is in the log.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::office::{self, PASSWORD, account, password, run, with_casework};
use support::{http, town};

const ROLES: [&str; 7] = [
    "duty-officer",
    "investigator",
    "head",
    "analyst",
    "engineer",
    "administrator",
    "auditor",
];

fn office() -> support::World {
    let world = town::town();
    with_casework(&world);
    world
}

/// Every operation of the document: method, path with something in its segments,
/// and what the document says of it.
fn operations(at: &str) -> Vec<(String, String, Value)> {
    let document = http::get(at, "/api/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let parts = path.split('/').map(|part| {
                if part.starts_with('{') {
                    "nothing"
                } else {
                    part
                }
            });
            let path = parts.collect::<Vec<_>>().join("/");
            all.push((method.to_uppercase(), path, operation.clone()));
        }
    }
    all
}

#[test]
fn every_way_lets_in_who_may_and_nobody_else() {
    let world = office();
    let tokens = ROLES.map(|role| (role, account(&world, role, &[role], &[])));
    let live = world.ready("data");
    let operations = operations(&live.at);
    assert!(operations.len() > 40, "{}", operations.len());
    let mut tried = 0;
    for (method, path, operation) in &operations {
        let public = operation["x-access"] == "public";
        let none = [
            ("content-type", "application/json"),
            ("idempotency-key", "x"),
        ];
        let stranger = http::status(&live.at, method, path, &none, "{}");
        assert_eq!(stranger == 401, !public, "{method} {path}: {stranger}");
        // It would end the token that the others are tried with.
        if method == "DELETE" && path == "/api/v1/session" {
            continue;
        }
        let allowed = operation["x-roles"].as_array().unwrap();
        for (role, token) in &tokens {
            let bearer = format!("Bearer {token}");
            let mut headers = none.to_vec();
            headers.push(("authorization", &bearer));
            let status = http::status(&live.at, method, path, &headers, "{}");
            let may = public || allowed.iter().any(|name| name == role);
            assert_eq!(status == 403, !may, "{method} {path} as {role}: {status}");
            assert!(
                public || status != 401,
                "{method} {path} as {role}: {status}"
            );
            tried += 1;
        }
    }
    assert_eq!(tried, (operations.len() - 1) * ROLES.len());
    // What must hold whatever the table says.
    let only = |path: &str, roles: &[&str]| {
        let of = operations
            .iter()
            .filter(|(_, known, _)| known.starts_with(path));
        let names = of.flat_map(|(_, _, operation)| operation["x-roles"].as_array().unwrap());
        let names: BTreeSet<&str> = names.map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names, roles.iter().copied().collect(), "{path}");
    };
    only("/api/v1/audit", &["auditor"]);
    only("/api/v1/people", &["administrator"]);
    only("/api/v1/cases", &["duty-officer", "head", "investigator"]);
    only(
        "/api/v1/alerts",
        &["analyst", "duty-officer", "head", "investigator"],
    );
    for page in [
        "/",
        "/sources",
        "/models",
        "/identity",
        "/enterprises/x",
        "/metrics",
    ] {
        assert_eq!(http::status(&live.at, "GET", page, &[], ""), 401, "{page}");
    }
    for open in ["/healthz", "/readyz", "/assets/console.css"] {
        assert_eq!(http::status(&live.at, "GET", open, &[], ""), 200, "{open}");
    }
}

#[test]
fn without_accounts_everything_is_as_it_was_and_casework_needs_one() {
    let world = office();
    let live = world.ready("data");
    assert_eq!(http::get(&live.at, "/api/v1/alerts").status, 200);
    assert_eq!(http::get(&live.at, "/").status, 200);
    assert_eq!(http::get(&live.at, "/api/v1/cases").status, 401);
    // The first account closes the door while the server runs.
    account(&world, "first", &["administrator"], &[]);
    assert_eq!(http::get(&live.at, "/api/v1/alerts").status, 401);
    live.stop();
    let plain = town::town();
    let live = plain.ready("data");
    assert_eq!(http::get(&live.at, "/api/v1/alerts").status, 200);
    assert_eq!(http::get(&live.at, "/api/v1/cases").status, 404);
    assert!(
        run(&plain, &["people", "list"])
            .err
            .contains("[casework] store")
    );
}

#[test]
fn a_guest_sees_what_the_role_sees_and_no_case() {
    let world = office();
    let config = world.read("tocsin.toml");
    world.write("tocsin.toml", config + "[people]\nguest = \"analyst\"\n");
    account(&world, "first", &["administrator"], &[]);
    let live = world.ready("data");
    assert_eq!(http::get(&live.at, "/api/v1/alerts").status, 200);
    for path in [
        "/api/v1/cases",
        "/api/v1/audit",
        "/api/v1/outcomes",
        "/api/v1/me",
    ] {
        assert_eq!(http::get(&live.at, path).status, 401, "{path}");
    }
    let config = world.read("tocsin.toml");
    world.write("tocsin.toml", config.replace("\"analyst\"", "\"auditor\""));
    let refused = run(&world, &["people", "list"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("`people.guest`"), "{}", refused.err);
}

fn sign_in(at: &str, name: &str, password: &str) -> http::Reply {
    let body = json!({"name": name, "password": password}).to_string();
    let kind = [("content-type", "application/json")];
    http::try_request(at, "POST", "/api/v1/session", &kind, &body).unwrap()
}

#[test]
fn one_signs_in_by_password_and_out_again() {
    let world = office();
    account(&world, "wf", &["duty-officer"], &[]);
    password(&world, "wf");
    let short = office::feed(&world, &["people", "password", "wf"], "short\n");
    assert!(short.err.contains("12 characters"), "{}", short.err);
    let live = world.ready("data");
    let refused = sign_in(&live.at, "wf", "wrong horse battery");
    let unknown = sign_in(&live.at, "nobody", "wrong horse battery");
    assert_eq!((refused.status, unknown.status), (401, 401));
    assert_eq!(refused.json()["detail"], unknown.json()["detail"]);
    let signed = sign_in(&live.at, "wf", PASSWORD);
    assert_eq!(signed.status, 200, "{}", signed.body);
    let cookie = signed.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let session = cookie.split(';').next().unwrap();
    let csrf = signed.json()["csrf"].as_str().unwrap().to_owned();
    let with = |method: &str, path: &str, more: &[(&str, &str)], body: &str| {
        let headers = [&[("cookie", session)], more].concat();
        http::try_request(&live.at, method, path, &headers, body).unwrap()
    };
    let me = with("GET", "/api/v1/me", &[], "").json();
    assert_eq!(
        (&me["person"]["name"], &me["csrf"]),
        (&json!("wf"), &json!(csrf))
    );
    // What changes something shows that a page of ours sent it.
    let json_body = ("content-type", "application/json");
    let token = r#"{"days": 3, "text": "x"}"#;
    assert_eq!(
        with("POST", "/api/v1/me/tokens", &[json_body], token).status,
        403
    );
    assert_eq!(
        with(
            "POST",
            "/api/v1/me/tokens",
            &[json_body, ("x-csrf-token", "no")],
            token
        )
        .status,
        403
    );
    let made = with(
        "POST",
        "/api/v1/me/tokens",
        &[json_body, ("x-csrf-token", &csrf)],
        token,
    );
    assert_eq!(made.status, 201, "{}", made.body);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let sent = with(
        "POST",
        "/api/v1/me/tokens",
        &[form],
        &format!("days=3&csrf={csrf}"),
    );
    assert_ne!(sent.status, 403, "a form's field counts, too");
    assert_eq!(
        with("POST", "/api/v1/me/tokens", &[form], "days=3&csrf=no").status,
        403
    );
    // Secrets are nowhere in the store.
    let made = made.json();
    let secret = made["token"].as_str().unwrap();
    assert_eq!(office::get(&live.at, secret, "/api/v1/me")["csrf"], "");
    for file in ["casework.db", "casework.db-wal"] {
        let bytes = std::fs::read(world.path(file)).unwrap_or_default();
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!holds(secret) && !holds(PASSWORD) && !holds(&session["tocsin_session=".len()..]));
    }
    let path = format!("/api/v1/me/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(
        with("DELETE", &path, &[("x-csrf-token", &csrf)], "").status,
        204
    );
    assert_eq!(
        office::send(&live.at, secret, "GET", "/api/v1/me", &[], &Value::Null)
            .unwrap()
            .status,
        401
    );
    assert_eq!(
        with("DELETE", "/api/v1/session", &[("x-csrf-token", &csrf)], "").status,
        204
    );
    assert_eq!(with("GET", "/api/v1/me", &[], "").status, 401);
    live.stop();
    assert!(
        run(&world, &["audit", "verify"])
            .ok()
            .out
            .contains("in one chain")
    );
}

#[test]
fn wrong_passwords_lock_an_account_for_a_while() {
    let world = office();
    account(&world, "wf", &["duty-officer"], &[]);
    password(&world, "wf");
    let live = world.ready("data");
    for _ in 0..5 {
        assert_eq!(sign_in(&live.at, "wf", "wrong horse battery").status, 401);
    }
    let locked = sign_in(&live.at, "wf", PASSWORD);
    assert_eq!(locked.status, 429);
    let seconds: i64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((800..=901).contains(&seconds), "{seconds}");
    // Whoever has the machine lets them in again.
    password(&world, "wf");
    assert_eq!(sign_in(&live.at, "wf", PASSWORD).status, 200);
    for _ in 0..20 {
        sign_in(&live.at, "nobody", "wrong horse battery");
    }
    assert_eq!(sign_in(&live.at, "nobody", "x").status, 429);
    let log = run(
        &world,
        &["audit", "list", "--kind", "person.sign-in-failed"],
    )
    .ok()
    .out;
    assert_eq!(log.lines().count(), 5, "{log}");
}

#[test]
fn who_is_closed_or_loses_a_role_is_out_at_once() {
    let world = office();
    let admin = account(&world, "admin", &["administrator"], &[]);
    let duty = account(&world, "wf", &["duty-officer"], &["--district", "南屿区"]);
    let live = world.ready("data");
    let status = |token: &str, path: &str| {
        office::send(&live.at, token, "GET", path, &[], &Value::Null)
            .unwrap()
            .status
    };
    assert_eq!(status(&duty, "/api/v1/cases"), 200);
    let key = [("idempotency-key", "1")];
    let wanted = json!({"display": "王芳", "roles": ["analyst"], "clearance": 2});
    let changed =
        office::send(&live.at, &admin, "POST", "/api/v1/people/wf", &key, &wanted).unwrap();
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(
        (
            status(&duty, "/api/v1/cases"),
            status(&duty, "/api/v1/alerts")
        ),
        (403, 200)
    );
    let own = json!({"display": "admin", "roles": ["administrator", "auditor"], "clearance": 4});
    let key = [("idempotency-key", "2")];
    let refused =
        office::send(&live.at, &admin, "POST", "/api/v1/people/admin", &key, &own).unwrap();
    assert_eq!(refused.status, 403, "{}", refused.body);
    let closed = json!({"text": "离岗"});
    let key = [("idempotency-key", "3")];
    let closed = office::send(
        &live.at,
        &admin,
        "POST",
        "/api/v1/people/wf/disable",
        &key,
        &closed,
    )
    .unwrap();
    assert_eq!(closed.status, 204, "{}", closed.body);
    assert_eq!(status(&duty, "/api/v1/alerts"), 401);
}

#[test]
fn looking_is_in_the_log_with_what_it_was_for() {
    let world = office();
    let duty = account(&world, "wf", &["duty-officer"], &[]);
    let auditor = account(&world, "sj", &["auditor"], &[]);
    let live = world.ready("data");
    let code = support::codes::code(1);
    let path = format!("/api/v1/enterprises/{code}/explanation");
    let purpose = [("x-purpose", "%E7%BA%BF%E7%B4%A2%E6%A0%B8%E6%9F%A5")];
    let seen = office::send(&live.at, &duty, "GET", &path, &purpose, &Value::Null).unwrap();
    assert_eq!(seen.status, 200, "{}", seen.body);
    let subject = format!("/api/v1/audit?subject=enterprise/{code}");
    let lines = office::get(&live.at, &auditor, &subject);
    let line = &lines["lines"][0];
    assert_eq!(
        (&line["who"], &line["role"]),
        (&json!("wf"), &json!("duty-officer"))
    );
    assert_eq!(line["purpose"], "线索核查");
    assert_eq!(line["action"]["read"]["path"], path);
    let whole = office::get(&live.at, &auditor, "/api/v1/audit/verify");
    assert_eq!(whole["whole"], true, "{whole}");
    assert!(whole["lines"].as_u64().unwrap() >= 5);
}

/// An answer over TLS, by a client that trusts one certificate; `None`: nobody
/// answers.
fn https(at: &str, request: &str) -> Option<String> {
    use std::io::{Read, Write};
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
    let mut roots = RootCertStore::empty();
    let trusted = CertificateDer::from_pem_slice(include_bytes!("tls/certificate.pem"));
    roots.add(trusted.unwrap()).unwrap();
    let provider = std::sync::Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(std::sync::Arc::new(config), name).unwrap();
    let tcp = std::net::TcpStream::connect(at).ok()?;
    tcp.set_read_timeout(Some(std::time::Duration::from_secs(20)))
        .unwrap();
    let mut stream = StreamOwned::new(client, tcp);
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // A server may end without saying so in TLS.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer)
        .ok()
        .filter(|answer| !answer.is_empty())
}

#[test]
fn over_tls_the_cookie_is_of_this_host_alone() {
    let world = office();
    world.write("certificate.pem", include_str!("tls/certificate.pem"));
    world.write("key.pem", include_str!("tls/key.pem"));
    let config = world.read("tocsin.toml");
    let serve = "[serve]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";
    world.write("tocsin.toml", config + serve);
    account(&world, "wf", &["duty-officer"], &[]);
    password(&world, "wf");
    let at = http::free_address();
    let live = world.live("data", &at);
    let ask = |head: &str, body: &str| {
        let length = body.len();
        let common = "host: localhost\r\nconnection: close\r\ncontent-type: application/json";
        https(
            &at,
            &format!("{head}\r\n{common}\r\ncontent-length: {length}\r\n\r\n{body}"),
        )
    };
    support::wait_until("it serves over TLS", || {
        ask("GET /readyz HTTP/1.1", "").is_some_and(|answer| answer.contains(" 200 "))
    });
    let given = json!({"name": "wf", "password": PASSWORD}).to_string();
    let signed = ask("POST /api/v1/session HTTP/1.1", &given).unwrap();
    let cookie = signed
        .lines()
        .find(|line| line.starts_with("set-cookie: "))
        .unwrap();
    assert!(
        cookie.contains("__Host-tocsin_session=") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    let session = cookie["set-cookie: ".len()..].split(';').next().unwrap();
    let me = ask(&format!("GET /api/v1/me HTTP/1.1\r\ncookie: {session}"), "").unwrap();
    assert!(me.contains("\"name\":\"wf\""), "{me}");
    // Who does not speak TLS gets nothing.
    assert!(http::try_get(&at, "/readyz").is_none());
    live.stop();
}

/// The rows of a table of README.md: what stands in code in the first column, and the
/// roles that have a mark.
fn table_of(readme: &str) -> Vec<(Vec<String>, BTreeSet<String>)> {
    let head = format!("| | {} |", ROLES.join(" | "));
    let (_, rest) = readme.split_once(&head).unwrap();
    let rows = rest
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), ROLES.len() + 1, "{line}");
        let names = cells[0].split('`').skip(1).step_by(2).map(str::to_owned);
        let marked = ROLES.iter().zip(&cells[1..]);
        let marked = marked.filter(|(_, cell)| cell.trim() == "●");
        (
            names.collect(),
            marked.map(|(role, _)| (*role).to_owned()).collect(),
        )
    };
    rows.map(row).collect()
}

#[test]
fn the_table_of_who_may_do_what_is_what_holds() {
    use tocsin_alerts::casework::rule::RULES;
    let world = office();
    let live = world.ready("data");
    let document = http::get(&live.at, "/api/openapi.json").json();
    let mut told = BTreeSet::new();
    for (names, roles) in table_of(include_str!("../README.md")) {
        for name in names {
            let holds: BTreeSet<String> = match name.split_once(' ') {
                None => {
                    let rule = RULES.iter().find(|rule| rule.action == name).unwrap();
                    rule.roles
                        .iter()
                        .map(|role| role.name().to_owned())
                        .collect()
                }
                Some((method, path)) => {
                    let roles = &document["paths"][path][method.to_lowercase()]["x-roles"];
                    let roles = roles.as_array().unwrap_or_else(|| panic!("{name}"));
                    roles
                        .iter()
                        .map(|role| role.as_str().unwrap().to_owned())
                        .collect()
                }
            };
            assert_eq!(roles, holds, "{name}");
            assert!(told.insert(name.clone()), "{name} is there twice");
        }
    }
    let untold: Vec<&str> = RULES
        .iter()
        .filter(|rule| !rule.roles.is_empty() && !told.contains(rule.action))
        .map(|rule| rule.action)
        .collect();
    assert!(untold.is_empty(), "{untold:?}");
}
