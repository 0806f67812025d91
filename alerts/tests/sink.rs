//! The event file: what a line says, and exactly once whatever the moment of a
//! kill.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use tocsin_alerts::store::Sequenced;
use tocsin_alerts::*;

/// Events 1..=count of as many enterprises.
fn events(count: u64) -> Vec<Sequenced> {
    let mut book = Book::default();
    let event = |seq: u64| {
        let assessment = Assessment {
            enterprise: [seq as u8; 16],
            id: format!("E{seq}"),
            index: 6125,
            categories: 0b1_0000_0011,
            elements: 0b0110,
            agencies: 0b101,
            coverage: 750,
            name: Some("某\n公司".to_owned()),
            ..Assessment::default()
        };
        let change = Change {
            epoch: 4,
            enterprise: assessment.enterprise,
            assessment: Some(assessment),
            cause: Cause::Evidence,
        };
        let step = book
            .apply(&change, 1_704_038_400_123, &Policy::default())
            .unwrap();
        Sequenced {
            seq,
            event: step.event.unwrap(),
        }
    };
    (1..=count).map(event).collect()
}

fn file_with(path: &Path, events: &[Sequenced]) -> Vec<u8> {
    let mut sink = Sink::open(path).unwrap();
    sink.publish(events).unwrap();
    fs::read(path).unwrap()
}

#[test]
fn a_line_is_a_cloud_event() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = file_with(&dir.path().join("events.ndjson"), &events(1));
    let line: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let expected = serde_json::json!({
        "specversion": "1.0",
        "id": "E1-1.1",
        "source": "tocsin",
        "type": "cn.tocsin.alert.opened",
        "time": "2023-12-31T16:00:00.123Z",
        "subject": "E1",
        "datacontenttype": "application/json",
        "sequence": "00000000000000000001",
        "data": {
            "alert": "E1-1", "revision": 1, "epoch": 4, "cause": "evidence",
            "level_before": "none", "level": "yellow", "level_name": "黄",
            "level_meaning": "重点:属地书面核查",
            "index": 61.25, "log_odds_micro": 0, "coverage": 0.75,
            "hard_trigger": false, "categories": ["A", "B", "R"],
            "elements": ["利诱性", "社会性"], "agencies": 2,
            "reasons": [], "name": "某\n公司", "district": null,
            "text": "风险线索,非认定",
        },
    });
    assert_eq!(line, expected);
}

#[test]
fn a_kill_at_any_byte_of_the_last_line_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.ndjson");
    let events = events(3);
    let two = file_with(&path, &events[..2]).len();
    let whole = file_with(&path, &events);
    for length in two..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let mut sink = Sink::open(&path).unwrap();
        let torn = length < whole.len();
        assert_eq!(sink.last_sequence(), if torn { 2 } else { 3 });
        assert_eq!(sink.publish(&events).unwrap(), usize::from(torn));
        assert_eq!(fs::read(&path).unwrap(), whole, "killed at byte {length}");
    }
}

#[test]
fn publishing_again_adds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.ndjson");
    let mut sink = Sink::open(&path).unwrap();
    assert_eq!(sink.publish(&events(2)).unwrap(), 2);
    assert_eq!(sink.publish(&events(2)).unwrap(), 0);
    assert_eq!(sink.publish(&events(3)).unwrap(), 1);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
}

#[test]
fn long_lines_and_torn_bytes_longer_than_a_block_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.ndjson");
    let mut events = events(2);
    events[1].event.assessment.name = Some("长".repeat(100_000));
    let whole = file_with(&path, &events);
    assert_eq!(Sink::open(&path).unwrap().last_sequence(), 2);
    fs::write(&path, [whole.clone(), vec![0; 200_000]].concat()).unwrap();
    assert_eq!(Sink::open(&path).unwrap().last_sequence(), 2);
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn a_foreign_file_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.txt");
    fs::write(&path, "hello\n").unwrap();
    let error = Sink::open(&path).unwrap_err();
    assert!(matches!(error, SinkError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"hello\n");
}
