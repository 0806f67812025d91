//! Writes a benchmark's load and says how fast.
//!
//! `cargo run --release -p tocsin-testdata --example load -- DIR [RECORDS] [ENTERPRISES]`

use std::path::PathBuf;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip(1);
    let root = PathBuf::from(words.next().unwrap_or_else(|| "bench-landing".to_owned()));
    let records = words
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let enterprises = words
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let began = Instant::now();
    let stats = tocsin_testdata::write_load(&root, records, enterprises, 1)?;
    let seconds = began.elapsed().as_secs_f64();
    let rows = stats.records + stats.enterprises;
    println!(
        "{stats:?} in {seconds:.2} s: {:.0} rows/s",
        rows as f64 / seconds
    );
    Ok(())
}
