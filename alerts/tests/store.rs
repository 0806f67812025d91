//! The store: what goes in comes out, through restarts and kills.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use tempfile::TempDir;
use tocsin_alerts::store::*;
use tocsin_alerts::*;

const T: i64 = 1_704_038_400_000;

async fn open(dir: &Path) -> Store {
    Store::open(dir, Durability::NoFsync).await.unwrap()
}

/// The state a kill leaves: the database's files as they are now, elsewhere.
fn killed(dir: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in [DATABASE.to_owned(), format!("{DATABASE}-wal")] {
        fs::copy(dir.join(&name), copy.path().join(&name)).unwrap();
    }
    copy
}

fn commit(id: u64) -> EpochCommit {
    EpochCommit {
        id,
        time_ms: T + id as i64,
        kind: "evidence".to_owned(),
        rows: 1,
        segments: vec![SegmentEntry {
            id: id as u32,
            source: "msa/penalty".to_owned(),
            rows: 1,
            place: Place::Inline(vec![id as u8; 100]),
        }],
        ..EpochCommit::default()
    }
}

fn assess(key: u8, points: u16) -> Assessment {
    Assessment {
        enterprise: [key; 16],
        id: format!("E{key}"),
        index: points * 100,
        log_odds: -i64::from(points),
        categories: 1,
        ..Assessment::default()
    }
}

/// What an epoch that brings enterprise `key` to `points` results in.
fn result(book: &mut Book, id: u64, key: u8, points: u16) -> EpochResult {
    let assessment = assess(key, points);
    let score = ScoreRow {
        enterprise: assessment.enterprise,
        log_odds: assessment.log_odds,
        index: assessment.index,
        level: level_of(&assessment, &Policy::default()),
    };
    let change = Change {
        epoch: id,
        enterprise: assessment.enterprise,
        assessment: Some(assessment),
        cause: Cause::Evidence,
    };
    let time_ms = T + id as i64;
    let step = book.apply(&change, time_ms, &Policy::default());
    EpochResult {
        id,
        time_ms,
        alerts: step.iter().map(|step| step.alert.clone()).collect(),
        events: step.into_iter().filter_map(|step| step.event).collect(),
        scores: vec![score],
        ..EpochResult::default()
    }
}

#[tokio::test]
async fn what_is_committed_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut epoch = commit(1);
    let file = Place::File("00/2.parquet".to_owned());
    epoch.segments.push(SegmentEntry {
        id: 2,
        source: "s".to_owned(),
        rows: 9,
        place: file,
    });
    epoch.superseded = vec![RowRef { segment: 2, row: 3 }];
    let state = r#"{"byte":10}"#.to_owned();
    epoch.positions = vec![Position {
        source: "s".to_owned(),
        file: "a.csv".to_owned(),
        state,
    }];
    epoch.stats = vec![("s".to_owned(), r#"{"rows":9}"#.to_owned())];
    epoch.rejects = vec![RejectRow {
        source: "s".to_owned(),
        line: 5,
        ..RejectRow::default()
    }];
    store.commit_epoch(&epoch).unwrap();
    store.set_meta("a", "1").unwrap();
    store.set_meta("a", "2").unwrap();
    store.save_model("v1", "{}").unwrap();

    let found = store.recover().await.unwrap();
    assert_eq!((found.last_finished, found.last_time_ms), (0, 0));
    let kind = "evidence".to_owned();
    assert_eq!(
        found.unfinished,
        [EpochRow {
            id: 1,
            time_ms: T + 1,
            kind,
            rows: 1
        }]
    );
    assert_eq!(found.segments[0].file, None);
    assert_eq!(found.segments[1].file.as_deref(), Some("00/2.parquet"));
    assert_eq!(
        found.superseded,
        [Superseded {
            at: RowRef { segment: 2, row: 3 },
            epoch: 1
        }]
    );
    assert_eq!(found.positions, epoch.positions);
    assert_eq!(found.stats["s"], r#"{"rows":9}"#);
    assert_eq!((found.meta["a"].as_str(), found.model), ("2", None));
    assert_eq!(store.inline(1).await.unwrap(), Some(vec![1; 100]));
    assert_eq!(store.inline(2).await.unwrap(), None);
    let rejects = store.rejects(Some("s"), 0, 10).await.unwrap();
    assert_eq!(
        (rejects[0].epoch, &rejects[0].reject),
        (1, &epoch.rejects[0])
    );

    let model = Some("v1".to_owned());
    let done = EpochResult {
        id: 1,
        time_ms: T,
        model,
        ..EpochResult::default()
    };
    store.finish_epoch(&done).unwrap();
    store.close().await;
    let found = open(dir.path()).await.recover().await.unwrap();
    assert_eq!((found.last_finished, found.unfinished.len()), (1, 0));
    assert_eq!(found.model.unwrap().activated_epoch, Some(1));
}

#[tokio::test]
async fn a_kill_at_any_transaction_loses_and_repeats_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut book = Book::default();
    let script = [(1, 45), (2, 50), (1, 60), (1, 45), (3, 20), (2, 61)];
    let mut images = vec![(0, killed(dir.path()))];
    for (id, (key, points)) in (1..).zip(script) {
        store.commit_epoch(&commit(id)).unwrap();
        images.push((id, killed(dir.path())));
        let result = result(&mut book, id, key, points);
        store.finish_epoch(&result).unwrap();
        images.push((id, killed(dir.path())));
    }
    let whole = store.events_after(0, 100).await.unwrap();
    assert_eq!(whole.len(), 4);
    for (committed, image) in images {
        let store = open(image.path()).await;
        let found = store.recover().await.unwrap();
        let mut book = found.book;
        for (id, (key, points)) in (1..).zip(script).skip(found.last_finished as usize) {
            if id > committed {
                store.commit_epoch(&commit(id)).unwrap();
            }
            let result = result(&mut book, id, key, points);
            store.finish_epoch(&result).unwrap();
        }
        assert_eq!(store.events_after(0, 100).await.unwrap(), whole);
        assert_eq!(store.recover().await.unwrap().book, book);
        assert_eq!(store.history(&[1; 16]).await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn an_epoch_with_its_result_is_the_same_as_one_after_the_other() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (apart, together) = (open(one.path()).await, open(two.path()).await);
    let mut book = Book::default();
    for (id, points) in [(1, 50), (2, 70), (3, 90)] {
        let (epoch, result) = (commit(id), result(&mut book, id, 1, points));
        apart.commit_epoch(&epoch).unwrap();
        let told = apart.finish_epoch(&result).unwrap();
        let done = together.commit_finished(&epoch, &result).unwrap();
        assert_eq!(done, told);
    }
    let [found, expected] = [together.recover().await, apart.recover().await];
    assert_eq!(found.unwrap(), expected.unwrap());
    // What is there already is not there again, and nothing overtakes.
    let later = result(&mut book, 3, 1, 95);
    let again = together.commit_finished(&commit(3), &later);
    let order = StoreError::EpochOrder { epoch: 3, last: 3 };
    assert_eq!(again.unwrap_err().to_string(), order.to_string());
    together.commit_epoch(&commit(4)).unwrap();
    let early = together.commit_finished(&commit(5), &later);
    let order = StoreError::FinishOrder { epoch: 5, first: 4 };
    assert_eq!(early.unwrap_err().to_string(), order.to_string());
}

#[tokio::test]
async fn an_epoch_is_not_finished_before_what_belongs_to_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut book = Book::default();
    store.commit_epoch(&commit(1)).unwrap();
    let result = result(&mut book, 1, 1, 45);
    let refuses = || {
        Err(StoreError::UnknownEpoch { epoch: 77 }) // whatever the disk says
    };
    let refused = store.finish_epoch_once(&result, refuses).unwrap_err();
    assert!(
        matches!(refused, StoreError::UnknownEpoch { epoch: 77 }),
        "{refused}"
    );
    assert_eq!(store.recover().await.unwrap().unfinished.len(), 1);
    let asked = std::cell::Cell::new(0);
    let ready = || {
        asked.set(asked.get() + 1);
        Ok::<_, StoreError>(())
    };
    assert_eq!(store.finish_epoch_once(&result, ready).unwrap()[0].seq, 1);
    assert_eq!(asked.get(), 1);
    assert_eq!(store.recover().await.unwrap().unfinished.len(), 0);
}

#[tokio::test]
async fn finishing_twice_is_finishing_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut book = Book::default();
    for id in 1..=2 {
        store.commit_epoch(&commit(id)).unwrap();
    }
    let first = result(&mut book, 1, 1, 45);
    let second = result(&mut book, 2, 1, 65);
    let early = store.finish_epoch(&second).unwrap_err();
    assert!(
        matches!(early, StoreError::FinishOrder { epoch: 2, first: 1 }),
        "{early}"
    );
    assert_eq!(store.finish_epoch(&first).unwrap()[0].seq, 1);
    assert_eq!(store.finish_epoch(&second).unwrap()[0].seq, 2);
    let before = store.alert("E1-1").await.unwrap();
    assert_eq!(store.finish_epoch(&first).unwrap(), []);
    assert_eq!(store.alert("E1-1").await.unwrap(), before);
    assert_eq!(store.last_sequence().unwrap(), 2);
    let unknown = store
        .finish_epoch(&EpochResult { id: 3, ..first })
        .unwrap_err();
    assert!(
        matches!(unknown, StoreError::UnknownEpoch { epoch: 3 }),
        "{unknown}"
    );
    let again = store.commit_epoch(&commit(2)).unwrap_err();
    assert!(
        matches!(again, StoreError::EpochOrder { epoch: 2, last: 2 }),
        "{again}"
    );
}

#[tokio::test]
async fn a_failed_transaction_leaves_nothing_and_the_next_one_works() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.commit_epoch(&commit(1)).unwrap();
    let mut clash = commit(2);
    clash.segments[0].id = 1;
    clash.stats = vec![("s".to_owned(), "{}".to_owned())];
    assert!(store.commit_epoch(&clash).is_err());
    store.commit_epoch(&commit(2)).unwrap();
    let found = store.recover().await.unwrap();
    assert_eq!(
        (
            found.unfinished.len(),
            found.segments.len(),
            found.stats.len()
        ),
        (2, 2, 0)
    );
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let Err(error) = Store::open(dir.path(), Durability::NoFsync).await else {
        panic!("opened twice");
    };
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    drop(store);
    open(dir.path()).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let url = format!("sqlite://{}", dir.path().join(DATABASE).display());
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url)
        .await
        .unwrap();
    sqlx::query("PRAGMA user_version = 99")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let refused = Store::open(dir.path(), Durability::NoFsync).await;
    assert!(matches!(refused, Err(StoreError::Schema { found: 99, .. })));
}

/// Ten alerts of levels blue and yellow, opened one an epoch.
async fn ten_alerts(dir: &Path) -> Store {
    let store = open(dir).await;
    let mut book = Book::default();
    for id in 1..=10 {
        store.commit_epoch(&commit(id)).unwrap();
        let key = id as u8;
        let result = result(&mut book, id, key, 40 + u16::from(key * 7 % 10));
        store.finish_epoch(&result).unwrap();
    }
    store
}

#[tokio::test]
async fn pages_cover_everything_once_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = ten_alerts(dir.path()).await;
    let newest: Vec<String> = (1..=10).rev().map(|key| format!("E{key}-1")).collect();
    let mut ranked = newest.clone();
    ranked
        .sort_by_key(|id| std::cmp::Reverse(id[1..id.len() - 2].parse::<u32>().unwrap() * 7 % 10));
    for (order, expected) in [(Order::Newest, newest), (Order::Ranked, ranked)] {
        for limit in 1..=11 {
            let mut filter = AlertFilter {
                order,
                limit,
                ..AlertFilter::default()
            };
            let mut seen = Vec::new();
            loop {
                let page = store.alerts(&filter).await.unwrap();
                assert!(page.alerts.len() <= limit);
                seen.extend(page.alerts.into_iter().map(|alert| alert.id));
                filter.after = page.next;
                if filter.after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected, "{order:?}, {limit} a page");
        }
    }
}

#[tokio::test]
async fn lists_filter_and_refuse_foreign_cursors() {
    let dir = tempfile::tempdir().unwrap();
    let store = ten_alerts(dir.path()).await;
    let mut filter = AlertFilter {
        level: Some(Level::Blue),
        limit: 100,
        ..AlertFilter::default()
    };
    assert_eq!(store.alerts(&filter).await.unwrap().alerts.len(), 10);
    filter.status = Some(Status::Closed);
    assert_eq!(store.alerts(&filter).await.unwrap().alerts, []);
    filter.after = Some("7;x".to_owned());
    let error = store.alerts(&filter).await.unwrap_err();
    assert!(matches!(error, StoreError::Cursor { .. }), "{error}");
    assert_eq!(store.alerts_of(&[3; 16]).await.unwrap()[0].id, "E3-1");
    assert_eq!(store.alert("E99-1").await.unwrap(), None);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.epochs, counts.unfinished, counts.rows), (10, 0, 10));
    assert_eq!(
        (counts.alerts, counts.events, counts.open),
        (10, 10, [0, 10, 0, 0, 0])
    );
}

#[tokio::test]
async fn rejects_page_by_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut epoch = commit(1);
    let reject = |line| {
        let source = if line % 2 == 0 { "even" } else { "odd" };
        RejectRow {
            source: source.to_owned(),
            line,
            ..RejectRow::default()
        }
    };
    epoch.rejects = (0..2_000).map(reject).collect();
    store.commit_epoch(&epoch).unwrap();
    let first = store.rejects(Some("even"), 0, 300).await.unwrap();
    let second = store
        .rejects(Some("even"), first[299].seq, 300)
        .await
        .unwrap();
    assert_eq!(second[0].reject.line, first[299].reject.line + 2);
    assert_eq!(store.rejects(None, 1_990, 300).await.unwrap().len(), 10);
    assert_eq!(store.counts().await.unwrap().rejects, 2_000);
}

#[tokio::test]
async fn rolled_segments_take_the_place_of_the_old() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for id in 1..=3 {
        let mut epoch = commit(id);
        epoch.superseded = vec![RowRef {
            segment: id as u32,
            row: 0,
        }];
        store.commit_epoch(&epoch).unwrap();
    }
    let place = Place::File("rolled.parquet".to_owned());
    let rolled = SegmentEntry {
        id: 9,
        source: "msa/penalty".to_owned(),
        rows: 2,
        place,
    };
    let kept = Superseded {
        at: RowRef { segment: 9, row: 1 },
        epoch: 2,
    };
    let replacement = Replacement {
        remove: vec![1, 2],
        add: vec![(2, rolled)],
        superseded: vec![kept],
    };
    store.replace_segments(&replacement).unwrap();
    let found = store.recover().await.unwrap();
    let ids: Vec<u32> = found.segments.iter().map(|segment| segment.id).collect();
    assert_eq!(ids, [3, 9]);
    assert_eq!(found.superseded[1], kept);
    assert_eq!(found.superseded.len(), 2);
    assert_eq!(store.superseded_of(9).await.unwrap(), [kept]);
    assert_eq!(store.epoch_of(9).await.unwrap(), Some(2));
    let mut all = Vec::new();
    let gone = |gone: Superseded| all.push(gone);
    store.each_superseded(gone).unwrap();
    assert_eq!(all, found.superseded);
    assert_eq!(store.inline(1).await.unwrap(), None);
}

#[tokio::test]
async fn large_epochs_travel_in_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.commit_epoch(&commit(1)).unwrap();
    let score = |number: u32| ScoreRow {
        enterprise: u128::from(number).to_be_bytes(),
        log_odds: i64::from(number),
        index: (number % 10_001) as u16,
        level: Level::None,
    };
    let scores = (0..30_001).rev().map(score).collect();
    let done = EpochResult {
        id: 1,
        time_ms: T,
        scores,
        ..EpochResult::default()
    };
    store.finish_epoch(&done).unwrap();
    for number in [0_u32, 511, 512, 30_000] {
        let history = store
            .history(&u128::from(number).to_be_bytes())
            .await
            .unwrap();
        assert_eq!((history.len(), history[0].log_odds), (1, i64::from(number)));
    }
}

#[tokio::test]
async fn the_outbox_drains_into_the_sink_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = ten_alerts(dir.path()).await;
    let path = dir.path().join("events.ndjson");
    let mut sink = Sink::open(&path).unwrap();
    assert_eq!(publish_pending(&store, &mut sink).await.unwrap(), 10);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let mut sink = Sink::open(&path).unwrap();
    assert!(publish_pending(&store, &mut sink).await.unwrap() >= 5);
    assert_eq!(fs::read(&path).unwrap(), whole);
}

/// The engine runs these on a multi-threaded runtime.
#[test]
fn the_calls_may_move_between_threads() {
    fn send<T: Send>(_: T) {}
    fn calls(store: &Store, sink: &mut Sink, path: &Path) {
        send(Store::open(path, Durability::Fsync));
        send(store.recover());
        send(store.alerts(&AlertFilter::default()));
        send(publish_pending(store, sink));
    }
    let _: fn(&Store, &mut Sink, &Path) = calls;
}
