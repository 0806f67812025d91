//! Operators rely on it: nobody can try without end, whoever they say they are.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::office::{self, PASSWORD, account, password, with_casework};
use support::{World, http, town};

fn office(serve: &str) -> World {
    let world = town::town();
    with_casework(&world);
    world.append("tocsin.toml", format!("\n[serve]\n{serve}\n"));
    world
}

const ALERTS: &str = "/api/v1/alerts";

/// The answer to somebody who has not signed in, and says they came that way.
fn ask(at: &str, forwarded: &str) -> http::Reply {
    let headers = [("x-forwarded-for", forwarded)];
    http::try_request(at, "GET", ALERTS, &headers, "").unwrap()
}

#[test]
fn an_address_is_refused_for_a_while_and_who_has_signed_in_is_not() {
    let world = office("address_per_minute = 5");
    let token = account(&world, "duty", &["duty-officer"], &[]);
    password(&world, "duty");
    let live = world.ready("data");
    for _ in 0..5 {
        assert_eq!(ask(&live.at, "203.0.113.7").status, 401);
    }
    // Whatever it says who it is, and at the door as well.
    let refused = ask(&live.at, "203.0.113.8");
    assert_eq!(refused.status, 429, "{}", refused.body);
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&seconds), "{seconds}");
    let given = format!("{{\"name\": \"duty\", \"password\": \"{PASSWORD}\"}}");
    let door = http::post_json(&live.at, "/api/v1/session", &given);
    assert_eq!(door.status, 429, "{}", door.body);
    let page = http::get(&live.at, "/sign-in");
    assert_eq!(page.status, 429);
    assert!(
        page.header("retry-after").is_some() && page.body.contains("<html"),
        "{}",
        page.body
    );
    // Who watches over the process is let in, and who has a token.
    assert_eq!(http::get(&live.at, "/readyz").status, 200);
    office::get(&live.at, &token, ALERTS);
    let engineer = account(&world, "engineer", &["engineer"], &[]);
    let metrics = office::send(&live.at, &engineer, "GET", "/metrics", &[], &Value::Null).unwrap();
    let counted = "tocsin_requests_limited_total{by=\"address\"} 3";
    assert!(metrics.body.contains(counted), "{}", metrics.body);
}

#[test]
fn a_token_is_refused_for_a_while_and_others_are_not() {
    let world = office("token_per_minute = 4");
    let one = account(&world, "one", &["investigator"], &[]);
    let two = account(&world, "two", &["investigator"], &[]);
    let live = world.ready("data");
    let asks = |token: &str| {
        let reply = office::send(&live.at, token, "GET", ALERTS, &[], &Value::Null).unwrap();
        (reply.status, reply.header("retry-after").is_some())
    };
    for _ in 0..4 {
        assert_eq!(asks(&one), (200, false));
    }
    assert_eq!(asks(&one), (429, true));
    assert_eq!(asks(&two), (200, false));
}

#[test]
fn what_is_forwarded_is_believed_from_declared_proxies_alone() {
    let world = office("address_per_minute = 2\nproxies = [\"127.0.0.0/8\"]");
    account(&world, "duty", &["duty-officer"], &[]);
    let live = world.ready("data");
    let asked = |forwarded: &str| ask(&live.at, forwarded).status;
    assert_eq!([asked("203.0.113.7"), asked("203.0.113.7")], [401, 401]);
    assert_eq!(asked("203.0.113.7"), 429);
    // What they wrote themselves before they came to the proxy is no other address.
    assert_eq!(asked("198.51.100.1, 203.0.113.7"), 429);
    assert_eq!(asked("203.0.113.8"), 401);
}

#[test]
fn limits_that_are_none_are_refused_with_what_is_allowed() {
    let world = office("address_per_minute = 0\nproxies = [\"proxy.example\"]\nkey = \"x\"");
    let refused = office::run(&world, &["source", "check"]);
    assert_eq!(refused.code, Some(2));
    for part in [
        "address_per_minute",
        "proxy.example",
        "10.1.0.0/16",
        "go together",
    ] {
        assert!(refused.err.contains(part), "`{part}`: {}", refused.err);
    }
}
