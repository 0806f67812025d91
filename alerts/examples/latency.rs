//! What one live record costs in the store: both transactions of an epoch with
//! one record, one event and one score.
//!
//! cargo run --release -p tocsin-alerts --example latency [epochs] [dir]
//!
//! Prints the latencies with and without fsync, and the time of one epoch of
//! 300,000 scores. The directory is removed afterwards.

use std::path::Path;
use std::time::{Duration, Instant};
use tocsin_alerts::store::{Place, Position, RowRef, ScoreRow, SegmentEntry};
use tocsin_alerts::*;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let epochs = args.next().map_or(Ok(20_000), |text| text.parse())?;
    let dir = args.next().unwrap_or_else(|| "latency-bench".to_owned());
    for durability in [Durability::Fsync, Durability::NoFsync] {
        let measured = measure(Path::new(&dir), durability, epochs).await;
        std::fs::remove_dir_all(&dir)?;
        measured?;
    }
    Ok(())
}

async fn measure(dir: &Path, durability: Durability, epochs: u64) -> Result<(), Failure> {
    let store = Store::open(dir, durability).await?;
    let mut book = Book::default();
    let (mut commits, mut both) = (Vec::new(), Vec::new());
    for id in 1..=epochs {
        let (commit, result) = (commit(id), result(&mut book, id));
        let start = Instant::now();
        store.commit_epoch(&commit)?;
        commits.push(start.elapsed());
        store.finish_epoch(&result)?;
        both.push(start.elapsed());
    }
    println!("{durability:?}, {epochs} epochs of one record, one event, one score");
    report("commit", commits);
    report("commit + finish", both);
    bulk(&store, epochs + 1).await?;
    let bytes = std::fs::metadata(dir.join(store::DATABASE))?.len();
    println!("  database {:.1} MB", bytes as f64 / 1e6);
    store.close().await;
    Ok(())
}

async fn bulk(store: &Store, id: u64) -> Result<(), Failure> {
    store.commit_epoch(&EpochCommit {
        id,
        ..EpochCommit::default()
    })?;
    let score = |number: u64| ScoreRow {
        enterprise: (u128::from(number) << 64).to_be_bytes(),
        log_odds: number as i64,
        index: 1,
        level: Level::None,
    };
    let scores = (0..300_000).map(score).collect();
    let start = Instant::now();
    store.finish_epoch(&EpochResult {
        id,
        scores,
        ..EpochResult::default()
    })?;
    println!(
        "  300,000 scores in one epoch: {:.2} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times[place.min(times.len() - 1)].as_secs_f64() * 1e3
    };
    println!(
        "  {name:16} p50 {:.3} ms  p99 {:.3} ms  max {:.3} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// A record that corrects the one before.
fn commit(id: u64) -> EpochCommit {
    let source = "msa/penalty".to_owned();
    let place = Place::Inline(vec![7; 600]);
    let segment = SegmentEntry {
        id: id as u32,
        source: source.clone(),
        rows: 1,
        place,
    };
    let state = format!(r#"{{"byte":{id},"line":{id}}}"#);
    EpochCommit {
        id,
        time_ms: id as i64,
        kind: "evidence".to_owned(),
        rows: 1,
        segments: vec![segment],
        superseded: vec![RowRef {
            segment: id as u32 - 1,
            row: 0,
        }],
        positions: vec![Position {
            source: source.clone(),
            file: "push".to_owned(),
            state,
        }],
        stats: vec![(source, format!(r#"{{"rows":{id}}}"#))],
        ..EpochCommit::default()
    }
}

/// One of 5,000 enterprises opens an alert, and takes it back the next time.
fn result(book: &mut Book, id: u64) -> EpochResult {
    let number = id % 5_000;
    let raised = (id / 5_000).is_multiple_of(2);
    let reason = Reason {
        feature: "a5.recent".to_owned(),
        title: "近一年行政处罚".to_owned(),
        title_en: None,
        category: 'A',
        contribution: 800_000,
        hard_trigger: false,
    };
    let assessment = Assessment {
        enterprise: (u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
            .to_be_bytes(),
        id: format!("91440300MA5{number:07}"),
        index: if raised { 6_500 } else { 1_000 },
        categories: 0b11,
        agencies: 0b11,
        reasons: vec![reason; 5],
        name: Some("深圳市某某科技有限公司".to_owned()),
        ..Assessment::default()
    };
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
        cause: Cause::Withdrawal,
    };
    let step = book.apply(&change, id as i64, &Policy::default());
    EpochResult {
        id,
        time_ms: id as i64,
        alerts: step.iter().map(|step| step.alert.clone()).collect(),
        events: step.into_iter().filter_map(|step| step.event).collect(),
        scores: vec![score],
        ..EpochResult::default()
    }
}
