//! What a simulated city delivers, and how fast.
//!
//! `cargo run --release -p tocsin-testdata --example city -- [ENTERPRISES] [DAYS]`

use std::time::Instant;

use tocsin_testdata::{City, CityParams};

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse::<u32>().ok());
    let enterprises = numbers.next().unwrap_or(20_000);
    let days = numbers.next().unwrap_or(180);
    let params = CityParams {
        enterprises,
        ..CityParams::default()
    };
    let mut day = params.start;
    let began = Instant::now();
    let mut city = City::new(params);
    println!(
        "founded {enterprises} enterprises in {:?}, {} schemes",
        began.elapsed(),
        city.truth().len()
    );
    let (mut rows, mut bytes, mut slowest) = (0, 0, std::time::Duration::ZERO);
    let began = Instant::now();
    for at in 0..days {
        let began = Instant::now();
        for delivery in city.day(day) {
            rows += delivery.bytes.iter().filter(|byte| **byte == b'\n').count();
            bytes += delivery.bytes.len();
        }
        if at == 0 {
            println!(
                "first day: {rows} lines, {bytes} bytes in {:?}",
                began.elapsed()
            );
        } else {
            slowest = slowest.max(began.elapsed());
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    let mean = began.elapsed() / days.max(1);
    println!("{days} days: {rows} lines, {bytes} bytes; mean {mean:?} a day, slowest {slowest:?}");
}
