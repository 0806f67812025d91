//! A city that delivers while the process that takes it in is killed.
#![allow(dead_code)]

use super::World;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tocsin_testdata::{City, CityParams, Delivery};

/// Days that are delivered.
const DAYS: usize = 150;
/// So many of them may be held back.
const HELD: usize = 3;

/// What all moments and pieces come from; `TOCSIN_KILL_SEED` gives others.
pub fn seed() -> u64 {
    let asked = std::env::var("TOCSIN_KILL_SEED").ok();
    asked
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_240_101)
}

/// Numbers that look random and are the same each time.
pub struct Random(pub u64);

impl Random {
    /// Less than `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)) % bound
    }

    /// Less than so many.
    pub fn milliseconds(&mut self, bound: u64) -> Duration {
        Duration::from_millis(self.below(bound))
    }
}

/// The city that delivers.
pub fn params() -> CityParams {
    CityParams {
        enterprises: 400,
        seed: seed(),
        start: jiff::civil::date(2024, 1, 1),
        months: 5,
        schemes_per_100k: 8_000,
        ..CityParams::default()
    }
}

/// Sets the city's clock to a day's evening.
pub fn set_clock(world: &World, day: jiff::civil::Date) {
    let next = world.path("landing/clock.next");
    fs::write(&next, format!("{day}T18:00:00+08:00\n")).unwrap();
    fs::rename(next, world.path("landing/clock")).unwrap();
}

/// Delivers day by day, each file in two pieces that break a line anywhere, and at
/// most `pause` milliseconds between two days; `hold` may keep back the last of them.
pub fn deliver(world: &World, pause: u64, done: &AtomicBool, hold: impl Fn()) {
    let mut city = City::new(&params()).unwrap();
    let mut random = Random(seed());
    let days = params().start.series(jiff::Span::new().days(1)).take(DAYS);
    for (number, day) in days.enumerate() {
        if number + HELD == DAYS {
            hold();
        }
        for Delivery { path, bytes, whole } in city.day(day).unwrap() {
            if whole {
                world.put_whole(&format!("landing/{path}"), &bytes);
                continue;
            }
            let (first, second) = bytes.split_at(random.below(bytes.len() as u64) as usize);
            world.append(&format!("landing/{path}"), first);
            world.append(&format!("landing/{path}"), second);
        }
        set_clock(world, day);
        std::thread::sleep(random.milliseconds(pause));
    }
    done.store(true, Ordering::Relaxed);
}

/// Waits until the store is written, at most a second, then a moment: an epoch
/// is under way.
pub fn wait_into_an_epoch(data: &Path, random: &mut Random) {
    let state = || {
        let log = fs::metadata(data.join("tocsin.db-wal")).ok()?;
        Some((log.len(), log.modified().ok()?))
    };
    let before = state();
    let end = Instant::now() + Duration::from_secs(1);
    while state() == before && Instant::now() < end {
        std::thread::sleep(Duration::from_micros(50));
    }
    std::thread::sleep(Duration::from_micros(random.below(4_000)));
}
