//! Stores with events in them.

use tempfile::TempDir;
use tocsin_alerts::level::{Assessment, Level, Reason};
use tocsin_alerts::lifecycle::{AlertEvent, Cause, EventType};
use tocsin_alerts::store::{Durability, EpochCommit, EpochResult, Sequenced};
use tocsin_alerts::{DISCLAIMER, Store};

/// A store with so many events, all of epoch 1.
pub(in crate::serve) async fn store(events: u64) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Durability::NoFsync)
        .await
        .unwrap();
    more(&store, 1, events).await;
    (folder, store)
}

/// So many more events, all of one epoch.
pub(in crate::serve) async fn more(store: &Store, epoch: u64, events: u64) -> Vec<Sequenced> {
    let commit = EpochCommit {
        id: epoch,
        time_ms: 1,
        ..EpochCommit::default()
    };
    store.commit_epoch(&commit).unwrap();
    let events = (0..events).map(|number| event(epoch, number)).collect();
    let result = EpochResult {
        id: epoch,
        time_ms: 1,
        events,
        ..EpochResult::default()
    };
    store.finish_epoch(&result).unwrap()
}

/// Levels take turns: blue, yellow, orange, red.
fn event(epoch: u64, number: u64) -> AlertEvent {
    let reason = Reason {
        feature: "tips".to_owned(),
        title: "举报次数".to_owned(),
        title_en: None,
        category: 'E',
        contribution: 2_000_000,
        hard_trigger: false,
    };
    AlertEvent {
        alert: format!("{epoch}-{number}-1"),
        revision: 1,
        epoch,
        time_ms: 1_742_140_800_000,
        kind: EventType::Opened,
        cause: Cause::Evidence,
        before: Level::None,
        after: Level::RAISED[number as usize % 4],
        assessment: Assessment {
            id: format!("{epoch}-{number}"),
            index: 6_125,
            log_odds: -500_000,
            categories: 0b1_0000,
            agencies: 0b11,
            coverage: 750,
            reasons: vec![reason],
            name: Some("某某<公司>".to_owned()),
            ..Assessment::default()
        },
        text: DISCLAIMER.to_owned(),
    }
}
