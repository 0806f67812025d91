//! Writes a city below a folder and says how fast, how much, and how many rows an
//! enterprise.
//!
//! `cargo run --release -p tocsin-testdata --example city -- DIR [ENTERPRISES] [MONTHS] [SEED] [SCHEMES_PER_100K] [FEEDS]`

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::time::Instant;

use tocsin_testdata::{CityError, CityParams, write_city, write_truth};

fn main() -> Result<(), CityError> {
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().unwrap_or_else(|| "simulated".to_owned()));
    let mut number = |default: u32| {
        words
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let params = CityParams {
        enterprises: number(20_000),
        months: number(24),
        seed: u64::from(number(1)),
        schemes_per_100k: number(25),
        feeds: std::env::args().nth(6).map(PathBuf::from),
        ..CityParams::default()
    };
    let began = Instant::now();
    let stats = write_city(&folder.join("landing"), &params, 2, |stats| {
        println!("month {}: {} rows", stats.months, stats.rows);
    })?;
    let seconds = began.elapsed();
    let mut truth = BufWriter::new(File::create(folder.join("truth.csv"))?);
    let truths = write_truth(&mut truth, &params)?;
    println!("{stats:?} in {seconds:?}, {truths} truths");
    println!(
        "{} rows for 100 enterprises, {} ns an enterprise-month on 2 threads",
        stats.rows * 100 / u64::from(params.enterprises),
        seconds.as_nanos() / u128::from(params.enterprises) / u128::from(params.months)
    );
    Ok(())
}
