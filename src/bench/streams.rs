//! Live streams while alerts arrive: every reader must see every event once and in
//! order, as long as they come.

use super::Latencies;
use super::client::{Body, Client};
use anyhow::{Context, Result, bail};
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where records are pushed to.
const PUSH: &str = "/api/v1/sources/msa/penalty/records";
/// Their columns.
const HEADER: &str =
    "处罚决定书文号,当事人,统一社会信用代码,违法类型,罚款金额,决定日期,处罚机关,op\n";
/// Pushes a second.
const PUSHES: u32 = 10;
/// How long readers may take to hear of the last event.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often to see whether that one is there.
const LOOK: Duration = Duration::from_millis(100);

/// What readers share: when each event was first seen by any of them, in
/// microseconds since the start.
struct Seen {
    start: Instant,
    first: Vec<AtomicU64>,
    /// The last event; 0: not known yet.
    last: AtomicU64,
}

/// What came of it.
pub(super) struct Streamed {
    /// Events that every reader saw.
    pub(super) events: u64,
    /// How long they came.
    pub(super) time: Duration,
    /// From a push until it was answered.
    pub(super) pushes: Latencies,
    /// By how much readers were behind the first of them.
    pub(super) behind: Latencies,
    /// How long after the last answer the last reader was up to date.
    pub(super) after: Duration,
}

/// Opens `readers` streams and lets events come.
///
/// # Errors
/// When a reader misses an event, sees one twice, or the server refuses.
pub(super) async fn stream(
    at: &str,
    (reader, engineer): (&str, &str),
    readers: u32,
    (rate, seconds): (u32, u32),
    codes: &[String],
) -> Result<Streamed> {
    let from = last(at, reader).await?;
    let most = u64::from(rate) * u64::from(seconds) * 4 + 10_000;
    let seen = Arc::new(Seen {
        start: Instant::now(),
        first: (0..most).map(|_| AtomicU64::new(0)).collect(),
        last: AtomicU64::new(0),
    });
    let mut tasks = Vec::new();
    for _ in 0..readers {
        let client = open(at, reader, from).await?;
        tasks.push(tokio::spawn(read(client, from, Arc::clone(&seen))));
    }
    let started = Instant::now();
    let pushes = push(at, engineer, (rate, seconds), codes).await?;
    let (time, answered) = (started.elapsed(), Instant::now());
    let end = last(at, reader).await?;
    seen.last.store(end, Ordering::SeqCst);
    let mut behind = Vec::new();
    for task in tasks {
        let read = tokio::time::timeout(PATIENCE, task).await;
        behind.extend(read.context("a reader does not hear of the last event")???);
    }
    behind.sort_unstable();
    Ok(Streamed {
        events: end - from,
        time,
        pushes,
        behind: Latencies(behind),
        after: answered.elapsed(),
    })
}

/// The number of the last event there is.
async fn last(at: &str, token: &str) -> Result<u64> {
    let page = Client::connect(at, token).await?.get("/").await?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let place = page.split("data-after=\"").nth(1);
    let place = place.and_then(|rest| rest.split('"').next());
    Ok(place.context("the feed names no last event")?.parse()?)
}

async fn open(at: &str, token: &str, after: u64) -> Result<Client> {
    let mut client = Client::connect(at, token).await?;
    let path = format!("/api/v1/alerts/stream?after={after}");
    client.ask("GET", &path, &Body::default()).await?;
    match client.head().await? {
        (200, _) => Ok(client),
        (status, _) => bail!("a stream was answered with {status}"),
    }
}

/// Reads until the last event; gives by how much a sample of them was late.
async fn read(mut client: Client, from: u64, seen: Arc<Seen>) -> Result<Vec<Duration>> {
    let (mut at, mut bytes, mut behind) = (from, Vec::new(), Vec::new());
    // The last event may have come before it was known to be the last.
    while seen.last.load(Ordering::Relaxed) != at {
        if !client.waits(LOOK).await? {
            continue;
        }
        if !client.chunk(&mut bytes).await? {
            bail!("a stream ended after event {at}");
        }
        let now = seen.start.elapsed();
        let whole = events(&bytes, |id| {
            if id != at + 1 {
                bail!("event {id} came after event {at}");
            }
            at = id;
            behind.extend(seen.note(id - from, now));
            Ok(())
        })?;
        bytes.drain(..whole);
    }
    Ok(behind)
}

/// Tells of the number of each whole event; gives where the last of them ends.
fn events(bytes: &[u8], mut tell: impl FnMut(u64) -> Result<()>) -> Result<usize> {
    let (mut place, mut whole, mut id) = (0, 0, None);
    loop {
        let length = (&bytes[place..]).skip_until(b'\n')?;
        let line = &bytes[place..place + length];
        let Some((b'\n', line)) = line.split_last() else {
            return Ok(whole);
        };
        place += length;
        if let Some(number) = line.strip_prefix(b"id: ") {
            id = Some(std::str::from_utf8(number)?.parse()?);
        }
        // An empty line ends an event; comments have no number.
        if line.is_empty() {
            whole = place;
            id.take().map_or(Ok(()), &mut tell)?;
        }
    }
}

impl Seen {
    /// Notes that an event was seen; of every tenth, how late.
    fn note(&self, number: u64, now: Duration) -> Option<Duration> {
        let first = self.first.get(number as usize)?;
        let now_us = now.as_micros().max(1) as u64;
        let noted = first.compare_exchange(0, now_us, Ordering::Relaxed, Ordering::Relaxed);
        let since = noted.map_or_else(|since| since, |_| now_us);
        number
            .is_multiple_of(10)
            .then(|| Duration::from_micros(now_us.saturating_sub(since)))
    }
}

/// Fines enterprises, and takes it back, in turn: each time their alerts follow.
async fn push(
    at: &str,
    token: &str,
    (rate, seconds): (u32, u32),
    codes: &[String],
) -> Result<Latencies> {
    let mut client = Client::connect(at, token).await?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PUSHES);
    let size = (rate / PUSHES).max(1) as usize;
    let mut times = Vec::new();
    let rounds = codes.chunks(size).filter(|chunk| chunk.len() == size);
    let rounds: Vec<_> = rounds.collect();
    for number in 0..(seconds * PUSHES) as usize {
        ticks.tick().await;
        let (turn, place) = (number / rounds.len(), number % rounds.len());
        let csv = fines(rounds[place], turn % 2 == 1);
        let began = Instant::now();
        let body = Body {
            kind: "text/csv",
            text: &csv,
            ..Body::default()
        };
        client.send("POST", PUSH, body).await?.expect(PUSH, 200)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(Latencies(times))
}

fn fines(codes: &[String], back: bool) -> String {
    let op = if back { "D" } else { "" };
    let mut csv = HEADER.to_owned();
    for code in codes {
        for number in 1..=3 {
            csv += &format!(
                "B-{code}-{number},,{code},虚假宣传,990000.00,2025-06-20,市场监督管理局,{op}\n"
            );
        }
    }
    csv
}
