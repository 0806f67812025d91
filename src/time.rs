//! Business time: days of Asia/Shanghai, instants in milliseconds UTC.
//!
//! China has had no summer time since 1991; records older than that are dates,
//! not instants, so a fixed offset is exact for everything that has an instant.

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
const SHANGHAI_MS: i64 = 8 * 3_600_000;

/// The day (since 1970-01-01) that an instant falls on in Shanghai.
pub fn day_of(ms: i64) -> i32 {
    (ms + SHANGHAI_MS).div_euclid(DAY_MS) as i32
}

/// The instant at which a day begins in Shanghai.
pub fn midnight_ms(day: i32) -> i64 {
    i64::from(day) * DAY_MS - SHANGHAI_MS
}

/// `2025-03-17` of a day number; the number itself where it is no calendar day.
pub fn day_text(day: i32) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    match epoch.checked_add(jiff::Span::new().days(day)) {
        Ok(date) => date.to_string(),
        Err(_) => day.to_string(),
    }
}

/// The day number of a day such as `2025-03-17`.
///
/// # Errors
/// What is allowed, in words.
pub fn parse_day(text: &str) -> Result<i32, String> {
    let day = day_number(text);
    day.ok_or_else(|| format!("`{text}` is no day; allowed is one such as 2025-06-30"))
}

fn day_number(text: &str) -> Option<i32> {
    let epoch = jiff::civil::date(1970, 1, 1);
    let day = text.parse::<jiff::civil::Date>().ok()?;
    let since = day.since((jiff::Unit::Day, epoch)).ok()?;
    Some(since.get_days())
}

/// RFC 3339 with Shanghai's offset, to the millisecond.
pub fn instant_text(ms: i64) -> String {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(instant) => instant
            .to_zoned(zone)
            .strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")
            .to_string(),
        Err(_) => ms.to_string(),
    }
}

/// The instant that a text means: RFC 3339, or a day, which means its last
/// millisecond in Shanghai.
///
/// # Errors
/// What is allowed, in words.
pub fn parse_instant(text: &str) -> Result<i64, String> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(instant.as_millisecond());
    }
    match day_number(text) {
        Some(day) => Ok(midnight_ms(day + 1) - 1),
        None => Err(format!(
            "`{text}` is no instant; allowed are a day such as 2025-06-30 (its end) or RFC 3339 such as 2025-06-30T18:00:00+08:00"
        )),
    }
}

/// The machine's clock.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dataflow, the alerts and the witness each have their own: none of
    /// them may depend on another, and they must agree.
    #[test]
    fn all_parts_agree_on_days() {
        let mut ms = 1_i64;
        while ms < 4_102_444_800_000 {
            for ms in [
                ms,
                midnight_ms(day_of(ms)),
                midnight_ms(day_of(ms)) + DAY_MS - 1,
            ] {
                if ms >= 0 {
                    assert_eq!(day_of(ms), tocsin_dataflow::business_day(ms as u64));
                }
                assert_eq!(
                    i64::from(day_of(ms)),
                    tocsin_alerts::lifecycle::business_day(ms)
                );
            }
            ms += 7_777_777_777;
        }
        assert_eq!(
            midnight_ms(20_000) as u64,
            tocsin_dataflow::midnight(20_000)
        );
    }

    #[test]
    fn a_day_means_its_end_and_an_instant_itself() {
        assert_eq!(parse_instant("1970-01-01"), Ok(57_600_000 - 1));
        assert_eq!(parse_instant("1970-01-01T08:00:00+08:00"), Ok(0));
        for wrong in ["", "yesterday", "1970-02-30", "1970"] {
            assert!(parse_instant(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let day = 18_262; // 2020-01-01
        assert_eq!(day_text(day), "2020-01-01");
        assert_eq!(day_of(midnight_ms(day)), day);
        assert_eq!(day_of(midnight_ms(day) - 1), day - 1);
        assert_eq!(
            instant_text(midnight_ms(day)),
            "2020-01-01T00:00:00.000+08:00"
        );
    }
}
