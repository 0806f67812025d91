//! Business days of instants: Asia/Shanghai, UTC+8 without daylight saving.

use tocsin_ingest::fact::NEVER;

const DAY_MS: u64 = 86_400_000;
const SHANGHAI_MS: u64 = 8 * 3_600_000;

/// The business day of an instant (milliseconds UTC): days since 1970-01-01.
pub fn business_day(time_ms: u64) -> i32 {
    let day = time_ms.saturating_add(SHANGHAI_MS) / DAY_MS;
    i32::try_from(day).unwrap_or(NEVER - 1).min(NEVER - 1)
}

/// The instant (milliseconds UTC) at which a business day begins; days before
/// the first one begin at 0.
pub fn midnight(day: i32) -> u64 {
    let day = u64::try_from(day).unwrap_or(0);
    (day * DAY_MS).saturating_sub(SHANGHAI_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_sixteen_hours_utc_of_the_day_before() {
        let midnight_of_20000 = 20_000 * DAY_MS - SHANGHAI_MS;
        assert_eq!(midnight(20_000), midnight_of_20000);
        assert_eq!(business_day(midnight_of_20000), 20_000);
        assert_eq!(business_day(midnight_of_20000 - 1), 19_999);
    }

    #[test]
    fn the_far_future_never_reaches_never() {
        assert!(business_day(u64::MAX) < NEVER);
    }
}
