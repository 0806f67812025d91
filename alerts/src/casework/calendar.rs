//! Chinese working days, 调休 included, for the years that the State Council has
//! announced; for other years weekends alone, and who asks is told so.
//!
//! A day is a business day of Shanghai: days since 1970-01-01.

use crate::lifecycle::business_day;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The announced days, as they are checked in.
const ANNOUNCED: &str = include_str!("../../data/workdays.toml");
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;
/// 1970-01-01 was a Thursday: days after the Monday of its week.
const THURSDAY: i64 = 3;

/// Which days are worked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Announced days that are otherwise than the week says; true: worked.
    announced: BTreeMap<i64, bool>,
    years: BTreeSet<i16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    /// Where it was announced: for who reads the file.
    #[allow(dead_code)]
    source: String,
    off: Vec<String>,
    work: Vec<String>,
}

impl Calendar {
    /// The announced calendar of China.
    pub fn china() -> Calendar {
        // The file is part of the program; a test reads it.
        Calendar::parse(ANNOUNCED).unwrap_or_default()
    }

    /// Reads announced days: a table a year with `source`, `off` and `work`.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn parse(text: &str) -> Result<Calendar, String> {
        let years: BTreeMap<String, Year> =
            toml::from_str(text).map_err(|fault| fault.to_string())?;
        let mut calendar = Calendar::default();
        for (name, year) in years {
            let number = name.parse().map_err(|_| format!("`{name}` is no year"))?;
            calendar.years.insert(number);
            for (ranges, worked) in [(&year.off, false), (&year.work, true)] {
                for range in ranges {
                    let (first, last) = range.split_once('/').unwrap_or((range, range));
                    let days = day_of(first)?..=day_of(last)?;
                    calendar.announced.extend(days.map(|day| (day, worked)));
                }
            }
        }
        Ok(calendar)
    }

    /// Whether offices work on a day.
    pub fn works(&self, day: i64) -> bool {
        let weekday = (day + THURSDAY).rem_euclid(7);
        self.announced.get(&day).copied().unwrap_or(weekday < 5)
    }

    /// Whether the days off of a day's year are known; else weekends alone count.
    pub fn knows(&self, day: i64) -> bool {
        date_of(day).is_some_and(|date| self.years.contains(&date.year()))
    }

    /// The `count`th working day after a day; the day itself is not counted.
    pub fn after(&self, day: i64, count: u32) -> i64 {
        let mut day = day;
        for _ in 0..count {
            day += 1;
            while !self.works(day) {
                day += 1;
            }
        }
        day
    }
}

/// The day number of `2025-06-30`.
fn day_of(text: &str) -> Result<i64, String> {
    let date: Date = text.parse().map_err(|_| format!("`{text}` is no day"))?;
    let span = date.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1)));
    span.map(|span| i64::from(span.get_days()))
        .map_err(|fault| fault.to_string())
}

fn date_of(day: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(day).ok()?;
    jiff::civil::date(1970, 1, 1).checked_add(span).ok()
}

/// The last millisecond of a day in Shanghai.
pub(super) fn end_of(day: i64) -> i64 {
    (day + 1) * DAY_MS - 8 * 3_600_000 - 1
}

/// The day of an instant.
pub(super) fn day_at(ms: i64) -> i64 {
    business_day(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn works(day: &str) -> bool {
        Calendar::china().works(day_of(day).unwrap())
    }

    #[test]
    fn the_checked_in_file_is_whole() {
        let calendar = Calendar::parse(ANNOUNCED).unwrap();
        assert_eq!(calendar.years, [2024, 2025, 2026].into());
        // Working days of the years, counted from the notices by hand.
        for (year, expected) in [(2024, 251), (2025, 248), (2026, 248)] {
            let first = day_of(&format!("{year}-01-01")).unwrap();
            let last = day_of(&format!("{year}-12-31")).unwrap();
            let worked = (first..=last).filter(|day| calendar.works(*day)).count();
            assert_eq!(worked, expected, "{year}");
        }
    }

    #[test]
    fn holidays_and_the_weekends_worked_for_them() {
        for (day, expected) in [
            ("2024-02-04", true), // Sunday before the Spring Festival
            ("2024-02-09", true), // New Year's Eve was no day off in 2024
            ("2024-02-12", false),
            ("2025-01-27", true),
            ("2025-01-28", false),
            ("2025-10-08", false), // Wednesday
            ("2025-10-11", true),  // Saturday
            ("2026-01-02", false), // Friday
            ("2026-01-04", true),  // Sunday
            ("2026-02-23", false),
            ("2026-06-27", false), // an ordinary Saturday
            ("2026-06-29", true),
        ] {
            assert_eq!(works(day), expected, "{day}");
        }
    }

    #[test]
    fn deadlines_jump_over_holidays() {
        let calendar = Calendar::china();
        for (from, count, expected) in [
            ("2025-09-30", 1, "2025-10-09"),
            ("2025-09-26", 2, "2025-09-29"), // Sunday the 28th is worked
            ("2025-09-26", 5, "2025-10-10"),
            ("2024-02-07", 3, "2024-02-18"), // a Sunday
            ("2025-06-28", 1, "2025-06-30"), // from a Saturday
        ] {
            let found = calendar.after(day_of(from).unwrap(), count);
            assert_eq!(
                date_of(found).unwrap().to_string(),
                expected,
                "{count} after {from}"
            );
        }
    }

    #[test]
    fn years_not_announced_know_weekends_alone_and_say_so() {
        let calendar = Calendar::china();
        let national_day = day_of("2027-10-01").unwrap(); // a Friday
        assert!(calendar.works(national_day) && !calendar.knows(national_day));
        assert!(!calendar.works(national_day + 1));
        assert!(calendar.knows(day_of("2026-12-31").unwrap()));
    }
}
