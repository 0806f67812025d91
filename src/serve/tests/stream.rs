//! Live streams over the wire.

use super::client::{Live, post};
use super::world::{CODES, World};

const PUSH: &str = "/api/v1/sources/tips/tip/records";

fn tip(number: u32, code: &str) -> Vec<u8> {
    format!("no,code,date\nP{number},{code},2025-03-02\n").into_bytes()
}

#[test]
fn events_are_replayed_then_live_and_resumable() {
    let world = World::start();
    let mut live = Live::open(world.at, "/api/v1/alerts/stream?after=0", None);
    let text = live.until("\nid: ", 1);
    assert!(
        text.contains("retry: 2000") && text.contains("event: alert"),
        "{text}"
    );
    assert!(
        text.contains("\"type\":\"cn.tocsin.alert.opened\""),
        "{text}"
    );
    assert_eq!(
        post(world.at, PUSH, "text/csv", &tip(1, CODES[1])).status,
        200
    );
    assert_eq!(
        post(world.at, PUSH, "text/csv", &tip(2, CODES[2])).status,
        200
    );
    let text = live.until("\nid: ", 3);
    assert!(text.contains("id: 2") && text.contains("id: 3") && text.contains("万家果业"));
    let mut resumed = Live::open(world.at, "/api/v1/alerts/stream?after=0", Some(2));
    let text = resumed.until("\nid: ", 1);
    assert!(
        text.contains("id: 3") && !text.contains("id: 1") && !text.contains("id: 2"),
        "{text}"
    );
}

#[test]
fn a_stream_ends_when_the_server_stops() {
    let mut world = World::start();
    let mut live = Live::open(world.at, "/api/v1/alerts/stream", None);
    live.until(": open", 1);
    world.stop_server();
    assert!(live.ends());
}
