//! The scorecard, the digest of an answer as `query.py` defines it, and the report.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The scorecard, see `query.py`.
pub struct Card {
    intercept: i64,
    pub threshold: i64,
    figures: Vec<(Vec<i64>, Vec<i64>)>,
}

impl Card {
    pub fn read(folder: &Path) -> Result<Card> {
        let card = json(&folder.join("scorecard.json"))?;
        let list = |value: &Value| -> Vec<i64> {
            value.as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
        };
        let figures = card["figures"].as_array().context("figures")?;
        Ok(Card {
            intercept: card["intercept"].as_i64().context("intercept")?,
            threshold: card["threshold"].as_i64().context("threshold")?,
            figures: figures.iter().map(|f| (list(&f["cuts"]), list(&f["weights"]))).collect(),
        })
    }

    pub fn score(&self, values: &[i64]) -> i64 {
        let weight = |(value, (cuts, weights)): (&i64, &(Vec<i64>, Vec<i64>))| {
            match cuts.partition_point(|cut| cut <= value) {
                0 => 0,
                passed => weights[passed - 1],
            }
        };
        self.intercept + values.iter().zip(&self.figures).map(weight).sum::<i64>()
    }
}

fn json(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn row_hash(code: u128, score: i64) -> u64 {
    let mut padded = [0; 24];
    padded[..18].copy_from_slice(&crate::input::unpack(code));
    let words = padded.chunks_exact(8).map(|word| {
        word.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    });
    mix(words.fold(0, |state, word| mix(state ^ word)) ^ score as u64)
}

/// The digest of the answer so far.
pub struct Answer {
    threshold: i64,
    enterprises: i64,
    score_sum: i64,
    hash: u64,
    crossing: i64,
    crossing_hash: u64,
    strays: i64,
}

impl Answer {
    pub fn new(threshold: i64) -> Self {
        let (enterprises, score_sum, hash) = (0, 0, 0);
        let (crossing, crossing_hash, strays) = (0, 0, 0);
        Answer { threshold, enterprises, score_sum, hash, crossing, crossing_hash, strays }
    }

    pub fn score(&mut self, code: u128, score: i64, weight: i64) {
        self.enterprises += weight;
        self.score_sum += weight * score;
        let hash = row_hash(code, score).wrapping_mul(weight as u64);
        self.hash = self.hash.wrapping_add(hash);
    }

    pub fn cross(&mut self, code: u128, score: i64, weight: i64) {
        self.crossing += weight;
        self.strays += i64::from(score < self.threshold);
        let hash = row_hash(code, score).wrapping_mul(weight as u64);
        self.crossing_hash = self.crossing_hash.wrapping_add(hash);
    }

    fn list(&self) -> Value {
        let crossing = self.crossing + self.strays;
        json!([self.enterprises, self.score_sum, self.hash, crossing, self.crossing_hash])
    }
}

/// What is told to `run.py`.
pub struct Report {
    started: Instant,
    oracle: Value,
    load: Value,
    batches: Vec<Value>,
    faults: Vec<String>,
    checked: usize,
}

impl Report {
    pub fn begin(folder: &Path) -> Result<Self> {
        Ok(Report {
            oracle: json(&folder.join("oracle.json"))?,
            started: Instant::now(),
            load: Value::Null,
            batches: Vec::new(),
            faults: Vec::new(),
            checked: 0,
        })
    }

    pub fn loaded(&mut self) {
        let wall = self.started.elapsed().as_secs_f64();
        self.load = json!({"wall": wall, "cpu": cpu_seconds(), "peak": peak_bytes()});
    }

    pub fn batch(&mut self, number: usize, took: Duration) {
        let size = &self.oracle["batches"][number]["size"];
        let ms = took.as_secs_f64() * 1e3;
        self.batches.push(json!({"batch": number, "size": size, "ms": ms}));
    }

    pub fn check(&mut self, answer: &Answer, batch: Option<usize>) {
        let wanted = match batch {
            None => &self.oracle["loaded"],
            Some(number) => &self.oracle["batches"][number]["digest"],
        };
        if answer.list() != *wanted {
            self.faults.push(format!("{batch:?}: {} for {wanted}", answer.list()));
        }
        self.checked += 1;
    }

    pub fn write(self, path: &Path) -> Result<()> {
        let told = json!({
            "engine": "dbsp", "load": self.load, "batches": self.batches, "faults": self.faults,
            "checked": self.checked, "peak": peak_bytes(), "cpu": cpu_seconds(),
        });
        Ok(fs::write(path, told.to_string())?)
    }
}

/// CPU of this process so far; the kernel counts 100 ticks a second.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<u64>().ok()).sum::<u64>() as f64 / 100.0
}

fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    let kilobytes = line.split_whitespace().nth(1).and_then(|value| value.parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}
