//! What a state directory holds, once nobody runs on it: read through the store
//! as the program does.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tocsin_alerts::AlertEvent;
use tocsin_alerts::store::{Durability, RejectRow, Sequenced, Store};

/// Opens the store of a state directory and asks it something.
fn ask<T>(data: &Path, question: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::open(data, Durability::NoFsync).await.unwrap();
        let answer = question(&store).await;
        store.close().await;
        answer
    })
}

/// The counters of every source that has any, as they are stored.
pub fn stats(data: &Path) -> BTreeMap<String, Value> {
    let recovery = ask(data, async |store| store.recover().await.unwrap());
    let parsed = recovery.stats.iter();
    parsed
        .map(|(source, json)| (source.clone(), serde_json::from_str(json).unwrap()))
        .collect()
}

/// Every refused record.
pub fn rejects(data: &Path) -> Vec<RejectRow> {
    let stored = ask(data, async |store| {
        store.rejects(None, 0, 1_000).await.unwrap()
    });
    stored.into_iter().map(|stored| stored.reject).collect()
}

/// Every alert event of the outbox.
pub fn events(data: &Path) -> Vec<Sequenced> {
    ask(data, async |store| {
        let mut all: Vec<Sequenced> = Vec::new();
        loop {
            let after = all.last().map_or(0, |event| event.seq);
            match store.events_after(after, 1_000).await.unwrap() {
                page if page.is_empty() => return all,
                page => all.extend(page),
            }
        }
    })
}

/// The published events must be those of the outbox, each once, in order, and
/// CloudEvents; gives how many there are.
#[track_caller]
pub fn check_published(data: &Path) -> usize {
    let text = std::fs::read_to_string(data.join("alerts.ndjson")).unwrap();
    let stored = events(data);
    let mut ids = BTreeSet::new();
    let mut lines = 0;
    for (line, Sequenced { seq, event }) in text.lines().zip(&stored) {
        lines += 1;
        assert_eq!(*seq, lines, "the outbox has no gaps");
        check_line(&serde_json::from_str(line).unwrap(), *seq, event);
        let id = format!("{}.{}", event.alert, event.revision);
        assert!(ids.insert(id), "an event is told twice: {line}");
    }
    assert_eq!(text.lines().count(), stored.len());
    assert!(text.is_empty() || text.ends_with('\n'));
    stored.len()
}

#[track_caller]
fn check_line(line: &Value, seq: u64, event: &AlertEvent) {
    assert_eq!(line["specversion"], "1.0");
    assert_eq!(line["sequence"], format!("{seq:020}"));
    assert_eq!(line["id"], format!("{}.{}", event.alert, event.revision));
    assert_eq!(
        line["type"],
        format!("cn.tocsin.alert.{}", event.kind.name())
    );
    assert!(
        line["time"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .is_ok()
    );
    assert_eq!(line["data"]["epoch"], event.epoch);
    assert_eq!(line["data"]["level"], event.after.name());
    assert_eq!(line["data"]["log_odds_micro"], event.assessment.log_odds);
}
