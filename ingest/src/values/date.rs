//! Days, from the many ways agencies write them.
//!
//! A day is an `i32` since 1970-01-01. An instant with a zone is the day it
//! falls on at UTC+8, the business day; without a zone it is taken as local.
//! (The summer time of 1986 to 1991 is left out of account.)

use super::Refusal;
use super::absent::is_absent;
use super::text::{half_width, is_blank, trim};

/// Minutes that business time is ahead of UTC.
const BUSINESS_OFFSET: i32 = 8 * 60;
const DAY_MINUTES: i32 = 24 * 60;

const SYNTAX: Refusal = Refusal::Syntax {
    allowed: "a day such as 2019-01-31, 2019/1/31, 20190131 or 2019年1月31日",
};
const YEARS: Refusal = Refusal::Range {
    allowed: "years 1600 to 2999",
};

/// Reads a day; what a business term without an end says (`长期`) is absent.
pub fn parse(cell: &str) -> Result<i32, Refusal> {
    match plain(cell.as_bytes()) {
        Some((year, month, day)) => day_number(year, month, day),
        None => general(trim(cell)),
    }
}

/// The commonest form, `yyyy-mm-dd` or `yyyy/mm/dd`, straight from the bytes.
fn plain(bytes: &[u8]) -> Option<(i32, i32, i32)> {
    let [y1, y2, y3, y4, s1, m1, m2, s2, d1, d2] = bytes else {
        return None;
    };
    if s1 != s2 || !matches!(s1, b'-' | b'/') {
        return None;
    }
    let year = pair(*y1, *y2)? * 100 + pair(*y3, *y4)?;
    Some((year, pair(*m1, *m2)?, pair(*d1, *d2)?))
}

fn pair(tens: u8, ones: u8) -> Option<i32> {
    let digit = |b: u8| b.is_ascii_digit().then(|| i32::from(b - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// The day number of a civil date, refused where the calendar has none.
pub fn day_number(year: i32, month: i32, day: i32) -> Result<i32, Refusal> {
    if !(1600..=2999).contains(&year) {
        return Err(YEARS);
    }
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return Err(Refusal::NoSuchDay);
    }
    // Counted from 1 March, so that the leap day comes last in its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let of_year = (153 * month + 2) / 5 + day - 1;
    Ok(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

fn days_in(year: i32, month: i32) -> i32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn general(text: &str) -> Result<i32, Refusal> {
    if is_absent(text) || matches!(text, "长期" | "永久" | "无固定期限" | "永续") {
        return Err(Refusal::Absent);
    }
    if is_relative(text) {
        return Err(Refusal::Relative);
    }
    let mut reader = Reader { rest: text };
    let (year, month, day) = reader.civil().ok_or(SYNTAX)?;
    let number = day_number(year, month, day)?;
    Ok(number + reader.day_shift()?)
}

/// `8小时前`, `昨天 12:30`, `刚刚`: they hang on the moment of writing.
fn is_relative(text: &str) -> bool {
    const WORDS: [&str; 6] = ["今天", "昨天", "前天", "昨日", "今日", "刚刚"];
    let ago = text.ends_with('前') || text.ends_with("ago");
    ago || WORDS.iter().any(|word| text.starts_with(word))
}

/// Eats a date and a time from the front.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next().map(half_width)
    }

    fn step(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    fn eat(&mut self, allowed: &[char]) -> Option<char> {
        let found = self.peek().filter(|c| allowed.contains(c))?;
        self.step();
        Some(found)
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(is_blank);
    }

    /// A number of at least one and at most `longest` digits, and its length.
    fn number(&mut self, longest: usize) -> Option<(i32, usize)> {
        let (mut value, mut length) = (0, 0);
        while length < longest {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) else {
                break;
            };
            value = value * 10 + digit as i32;
            length += 1;
            self.step();
        }
        (length > 0).then_some((value, length))
    }

    fn small(&mut self) -> Option<i32> {
        self.number(2).map(|(value, _)| value)
    }

    /// Year, month and day in any of the forms with separators, or compact.
    fn civil(&mut self) -> Option<(i32, i32, i32)> {
        let (year, 4) = self.number(4)? else {
            return None;
        };
        self.skip_blanks();
        let Some(separator) = self.eat(&['-', '/', '.', '年']) else {
            return self.compact(year);
        };
        self.skip_blanks();
        let month = self.small()?;
        self.skip_blanks();
        self.eat(&[if separator == '年' { '月' } else { separator }])?;
        self.skip_blanks();
        let day = self.small()?;
        self.skip_blanks();
        self.eat(&['日', '号']);
        Some((year, month, day))
    }

    /// The rest of `20190131`.
    fn compact(&mut self, year: i32) -> Option<(i32, i32, i32)> {
        let (month_day, 4) = self.number(4)? else {
            return None;
        };
        Some((year, month_day / 100, month_day % 100))
    }

    /// Reads a time and zone, if any, up to the end: by how many days the zone
    /// moves the date.
    fn day_shift(&mut self) -> Result<i32, Refusal> {
        self.eat(&['T', 't']);
        self.skip_blanks();
        if self.rest.is_empty() {
            return Ok(0);
        }
        let minutes = self.time()?;
        self.skip_blanks();
        let zone = self.zone()?;
        if !self.rest.is_empty() {
            return Err(SYNTAX);
        }
        let shifted = zone.map_or(minutes, |zone| minutes - zone + BUSINESS_OFFSET);
        Ok(shifted.div_euclid(DAY_MINUTES))
    }

    /// The minute of the day of `hh:mm[:ss[.fff]]` or `hhmmss`.
    fn time(&mut self) -> Result<i32, Refusal> {
        let hour = self.small().ok_or(SYNTAX)?;
        let colon = self.eat(&[':']).is_some();
        let minute = self.small().ok_or(SYNTAX)?;
        let second = match (colon, self.eat(&[':'])) {
            (true, None) => 0,
            _ => self.small().ok_or(SYNTAX)?,
        };
        if self.eat(&['.']).is_some() {
            self.number(9).ok_or(SYNTAX)?;
        }
        // 24:00 and leap seconds occur in exports.
        if hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0) {
            return Err(Refusal::NoSuchDay);
        }
        Ok(hour * 60 + minute)
    }

    /// Minutes ahead of UTC, if a zone is written.
    fn zone(&mut self) -> Result<Option<i32>, Refusal> {
        let Some(sign) = self.eat(&['Z', 'z', '+', '-']) else {
            return Ok(None);
        };
        if matches!(sign, 'Z' | 'z') {
            return Ok(Some(0));
        }
        let hours = self.small().ok_or(SYNTAX)?;
        self.eat(&[':']);
        let minutes = self.small().unwrap_or(0);
        if hours > 23 || minutes > 59 {
            return Err(Refusal::NoSuchDay);
        }
        let ahead = hours * 60 + minutes;
        Ok(Some(if sign == '-' { -ahead } else { ahead }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: i32 = 17_927; // 2019-01-31

    #[test]
    fn days_in_many_forms() {
        for cell in [
            "2019-01-31",
            "2019/01/31",
            "2019/1/31",
            "20190131",
            "2019.01.31",
            "2019年1月31日",
            "2019年01月31日",
            "2019 年 1 月 31 日",
            "2019-01-31 00:00:00",
            "2019-01-31 10:30",
            "2019-01-31 10:30:59.123",
            "20190131103059",
            "20190131 103059",
            " 2019-01-31 ",
            "２０１９－０１－３１",
            "２０１９年１月３１日",
            "2019-01-31T15:59:59Z",
            "2019-01-30T16:00:00Z",
            "2019-01-31T00:00:00+08:00",
            "2019-01-30T11:00:00-05:00",
            "2019-01-31T00:00:00.000+0800",
            "2019-01-30 24:00:00",
        ] {
            assert_eq!(parse(cell), Ok(DAY), "{cell:?}");
        }
    }

    #[test]
    fn refused_with_the_reason() {
        for (cell, refusal) in [
            ("2019-02-29", Refusal::NoSuchDay),
            ("2019-13-01", Refusal::NoSuchDay),
            ("1900/02/29", Refusal::NoSuchDay),
            ("2019-01-31 25:00:00", Refusal::NoSuchDay),
            ("1599-12-31", YEARS),
            ("3000-01-01", YEARS),
            ("9999-12-31", YEARS),
            ("8小时前", Refusal::Relative),
            ("15分钟前", Refusal::Relative),
            ("昨天 12:30", Refusal::Relative),
            ("3 days ago", Refusal::Relative),
            ("2019-01", SYNTAX),
            ("2019年1月", SYNTAX),
            ("2019-01/31", SYNTAX),
            ("19-01-31", SYNTAX),
            ("2019-01-31x", SYNTAX),
            ("2019-01-31 x", SYNTAX),
            ("43496", SYNTAX),
            ("31/01/2019", SYNTAX),
            ("", Refusal::Absent),
            ("--", Refusal::Absent),
            ("长期", Refusal::Absent),
        ] {
            assert_eq!(parse(cell), Err(refusal), "{cell:?}");
        }
    }

    #[test]
    fn bounds_of_the_calendar() {
        assert_eq!(parse("1970-01-01"), Ok(0));
        assert_eq!(parse("1969-12-31"), Ok(-1));
        assert_eq!(parse("2000-02-29"), Ok(11_016));
        assert_eq!(parse("2055-06-07 00:00:00"), parse("2055/06/07"));
    }

    proptest! {
        #[test]
        fn agrees_with_the_calendar_of_jiff(year in 1600i16..=2999, month in 1i8..=12, day in 1i8..=31) {
            let wanted = jiff::civil::Date::new(year, month, day).ok().map(|date| {
                date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() as i32 / 24
            });
            for cell in [format!("{year}-{month:02}-{day:02}"), format!("{year}年{month}月{day}日")] {
                prop_assert_eq!(parse(&cell).ok(), wanted, "{}", cell);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9年月日:TZ+/. -]{0,24}") {
            let _ = parse(&text);
        }
    }
}
