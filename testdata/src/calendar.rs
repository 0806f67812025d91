//! Days as numbers since 1970-01-01, and back: cheap enough for every row.

use jiff::civil::Date;

/// The day number of a date.
pub(crate) fn day_number(date: Date) -> i32 {
    from_civil(
        i32::from(date.year()),
        i32::from(date.month()),
        i32::from(date.day()),
    )
}

/// The day number of year, month 1–12, day 1–31.
pub(crate) fn from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month 1–12 and day 1–31 of a day number.
pub(crate) fn civil(day: i32) -> (i32, i32, i32) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i32::from(month <= 2), month, day)
}

/// Months since 1970-01 of a day.
pub(crate) fn month_of(day: i32) -> i32 {
    let (year, month, _) = civil(day);
    (year - 1970) * 12 + month - 1
}

/// `2025-03-01`.
pub(crate) fn iso(day: i32) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2025-03` of a month number.
pub(crate) fn iso_month(month: i32) -> String {
    format!(
        "{:04}-{:02}",
        1970 + month.div_euclid(12),
        month.rem_euclid(12) + 1
    )
}

/// The month number of `2025-03`.
pub(crate) fn month_number(text: &str) -> Option<i32> {
    let (year, month) = text.split_once('-')?;
    let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
    let known = (1900..=2999).contains(&year) && (1..=12).contains(&month);
    known.then(|| (year - 1970) * 12 + month - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_comes_back() {
        for day in -20_000..60_000 {
            let (year, month, dom) = civil(day);
            assert_eq!(from_civil(year, month, dom), day);
        }
    }

    #[test]
    fn agrees_with_jiff() {
        let date = jiff::civil::date(2024, 2, 29);
        assert_eq!(iso(day_number(date)), "2024-02-29");
        assert_eq!(day_number(jiff::civil::date(1970, 1, 1)), 0);
        assert_eq!(iso_month(month_of(day_number(date))), "2024-02");
    }
}
