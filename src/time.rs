//! Points in time, without a clock: callers say what `now` is.
//!
//! HTTP dates are those of RFC 9110 §5.6.7, all three forms.

use std::time::{Duration, SystemTime};

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This point moved forward by `span`, at most to the end of the range.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This point moved back by `span`, at most to the Unix epoch.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// Parses an HTTP date in any of its three forms (RFC 9110 §5.6.7), in any case (RFC 9111 §4.2); `None` if it is
    /// invalid or before 1970.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let text = text.trim();
        let time = httpdate::parse_http_date(text)
            .or_else(|_| httpdate::parse_http_date(&as_written_by_all(text)))
            .ok()?;
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Self(u64::try_from(since_epoch.as_millis()).ok()?))
    }

    /// Formats this point as an HTTP date in whole seconds; a point after the year 9999 as that year's last second.
    pub fn to_http_date(self) -> String {
        const LAST_SECOND_OF_9999: u64 = 253_402_300_799;
        let seconds = (self.0 / 1000).min(LAST_SECOND_OF_9999);
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// Parses a date and time with offset, such as `2026-01-02T03:04:05Z` or `2026-01-02 04:04:05.5+01:00` (RFC 3339
    /// §5.6); `None` if it is invalid or before 1970. A leap second counts as the next second.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let (time, rest) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
        let [year, month, day] = numbers(date, '-')?;
        let [hour, minute, second] = numbers(time, ':')?;
        let fraction_ends = rest.rfind(['Z', 'z', '+', '-'])?;
        let (fraction, offset) = rest.split_at_checked(fraction_ends)?;
        let millis = match fraction.strip_prefix('.') {
            Some(digits) if is_number(digits) => format!("{digits:0<3}").get(..3)?.parse().ok()?,
            Some(_) => return None,
            None if fraction.is_empty() => 0,
            None => return None,
        };
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_in_month = match month {
            2 => 28 + u64::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let is_date = (1..=12).contains(&month) && (1..=days_in_month).contains(&day);
        if !is_date || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let seconds =
            days_from_civil(year, month, day)?.checked_mul(86_400)? + hour * 3600 + minute * 60 + second;
        let (sign, offset) = offset.split_at_checked(1)?;
        let seconds = match (sign, offset) {
            ("Z" | "z", "") => seconds,
            ("+" | "-", offset) => {
                let [hours, minutes] = numbers(offset, ':')?;
                let east = hours * 3600 + minutes * 60;
                if hours > 23 || minutes > 59 {
                    return None;
                }
                if sign == "+" { seconds.checked_sub(east)? } else { seconds + east }
            }
            _ => return None,
        };
        Some(Self(seconds.checked_mul(1000)?.checked_add(millis)?))
    }

    /// Formats this point as `2026-01-02T03:04:05Z` (RFC 3339), in whole seconds.
    pub fn to_rfc3339(self) -> String {
        let days = self.0 / 86_400_000;
        let second_of_day = self.0 / 1000 % 86_400;
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        let mut text = String::with_capacity("2026-01-02T03:04:05.000Z".len());
        let parts = [
            (year, 4, '-'),
            (month, 2, '-'),
            (day, 2, 'T'),
            (hour, 2, ':'),
            (minute, 2, ':'),
            (second, 2, 'Z'),
        ];
        for (number, digits, after) in parts {
            push_padded(&mut text, number, digits);
            text.push(after);
        }
        text
    }
}

/// Appends `number` to `text`, with at least `digits` digits.
pub fn push_padded(text: &mut String, number: u64, digits: u32) {
    let above = number / 10_u64.pow(digits);
    if above > 0 {
        text.push_str(&above.to_string());
    }
    for place in (0..digits).rev() {
        let digit = (number / 10_u64.pow(place) % 10) as u8;
        text.push(char::from(b'0' + digit));
    }
}

/// `span` in whole milliseconds, at most `u64::MAX`.
pub fn millis(span: Duration) -> u64 {
    span.as_secs().saturating_mul(1000).saturating_add(u64::from(span.subsec_millis()))
}

/// `text` with words as they are commonly written: `Sun`, `Nov`, and `GMT`.
fn as_written_by_all(text: &str) -> String {
    let mut after_letter = false;
    let in_case = |character: char| {
        let starts_word = !std::mem::replace(&mut after_letter, character.is_ascii_alphabetic());
        if starts_word { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
    };
    text.chars().map(in_case).collect::<String>().replace("Gmt", "GMT")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numbers of two digits, the first perhaps of four, between which `separator` stands.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (index, number) in numbers.iter_mut().enumerate() {
        let part = parts.next()?;
        let fits = part.len() == 2 || index == 0 && part.len() == 4 && separator == '-';
        *number = part.parse().ok().filter(|_| fits && is_number(part))?;
    }
    parts.next().is_none().then_some(numbers)
}

/// The days from 1970-01-01 to a date of the proleptic Gregorian calendar; `None` if it lies before. What
/// [`civil_from_days`] undoes.
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    const DAYS_TO_1970: u64 = 719_468;
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let month_from_march = if month <= 2 { month + 9 } else { month - 3 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    (year * 365 + year / 4 - year / 100 + year / 400 + day_of_year).checked_sub(DAYS_TO_1970)
}

/// The proleptic Gregorian date `days` after 1970-01-01, counted in years that begin in March so that
/// the leap day is the last of its year.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_MARCH_OF_YEAR_0: u64 = 719_468;
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days.saturating_add(DAYS_TO_MARCH_OF_YEAR_0);
    let (era, day_of_era) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_three_forms_of_an_http_date_are_one_point() {
        // RFC 9110 §5.6.7
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            for text in [text.to_owned(), text.to_lowercase(), text.to_uppercase()] {
                assert_eq!(Timestamp::parse_http_date(&text).unwrap().as_millis(), 784_111_777_000);
            }
        }
        for text in ["", "0", "-1", "yesterday", "Sun, 06 Nov 1994 08:49:37", "1994-11-06T08:49:37Z"] {
            assert_eq!(Timestamp::parse_http_date(text), None, "{text:?}");
        }
    }

    #[test]
    fn dates_are_written_for_people_and_for_http() {
        let point = Timestamp::from_millis(784_111_777_999);
        assert_eq!(point.to_http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(point.to_rfc3339(), "1994-11-06T08:49:37Z");
        assert_eq!(Timestamp::from_millis(1_709_164_800_000).to_rfc3339(), "2024-02-29T00:00:00Z");
        assert_eq!(Timestamp::from_millis(0).to_rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_millis(253_402_300_800_000).to_rfc3339(), "10000-01-01T00:00:00Z");
        assert!(Timestamp::from_millis(u64::MAX).to_http_date().contains("9999"));
    }

    #[test]
    fn a_moment_that_is_written_is_read_with_its_offset() {
        // RFC 3339 §5.8
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1985-04-12T23:20:50.52Z", Some(482_196_050_520)),
            ("1996-12-19T16:39:57-08:00", Some(851_042_397_000)),
            ("1996-12-20T00:39:57z", Some(851_042_397_000)),
            ("1990-12-31t15:59:60-08:00", Some(662_688_000_000)),
            ("2024-02-29 00:00:00.123456Z", Some(1_709_164_800_123)),
            ("2026-11-21T04:30:00+02:00", Some(1_795_228_200_000)),
            ("2023-02-29T00:00:00Z", None),
            ("2026-11-31T00:00:00Z", None),
            ("2026-00-10T00:00:00Z", None),
            ("2026-13-10T00:00:00Z", None),
            ("2026-11-21T24:00:00Z", None),
            ("2026-11-21T01:60:00Z", None),
            ("2026-11-21T01:00:00", None),
            ("2026-11-21T01:00Z", None),
            ("2026-11-21", None),
            ("26-11-2021T01:00:00Z", None),
            ("2026-11-21T01:00:00.Z", None),
            ("2026-11-21T01:00:00,5Z", None),
            ("2026-11-21T01:00:00+1:00", None),
            ("2026-11-21T01:00:00+24:00", None),
            ("2026-11-21T01:00:00Z+", None),
            ("1969-12-31T23:59:59Z", None),
            ("1970-01-01T00:00:00+00:01", None),
            ("", None),
            ("２026-11-21T01:00:00Z", None),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text).map(Timestamp::as_millis), millis, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_point_in_time_is_read_as_it_was_written(seconds in 0..=253_402_300_799_u64) {
            let point = Timestamp::from_millis(seconds * 1000);
            prop_assert_eq!(Timestamp::parse_rfc3339(&point.to_rfc3339()), Some(point));
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".{0,30}|[0-9:T.+Z-]{0,30}") {
            let _ = Timestamp::parse_rfc3339(&text);
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        for span in [Duration::ZERO, Duration::from_micros(1_999_999), Duration::MAX] {
            assert_eq!(millis(span), u64::try_from(span.as_millis()).unwrap_or(u64::MAX), "{span:?}");
        }
        let (first, last) = (Timestamp::from_millis(0), Timestamp::from_millis(u64::MAX));
        assert_eq!(first.since(last), Duration::ZERO);
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(first.minus(Duration::MAX), first);
    }
}
