//! Writes a city's first days below a folder, as `tocsin simulate` would, and
//! prints the hidden truth.
//!
//! `cargo run --release -p tocsin-testdata --example dump -- DIR [ENTERPRISES] [DAYS]`

use std::path::PathBuf;

use tocsin_testdata::{City, CityParams, write_day};

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip(1);
    let root = PathBuf::from(words.next().unwrap_or_else(|| "landing".to_owned()));
    let enterprises = words
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000);
    let days: u32 = words
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(30);
    let params = CityParams {
        enterprises,
        ..CityParams::default()
    };
    let mut day = params.start;
    let mut city = City::new(params);
    for _ in 0..days {
        let stats = write_day(&root, &mut city, day)?;
        println!("{day}: {stats:?}");
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    for scheme in city.truth() {
        println!(
            "{} {} {} {} {}",
            scheme.uscc,
            scheme.typology.name(),
            scheme.start,
            scheme.first_complaint,
            scheme.collapse
        );
    }
    Ok(())
}
