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
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// This point moved back by `span`, at most to the Unix epoch.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Reads an HTTP date in any of its three forms (RFC 9110 §5.6.7), in any case (RFC 9111 §4.2); `None` if it is
    /// none of them or lies before 1970.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let text = text.trim();
        let time = httpdate::parse_http_date(text)
            .or_else(|_| httpdate::parse_http_date(&as_written_by_all(text)))
            .ok()?;
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Self(u64::try_from(since_epoch.as_millis()).ok()?))
    }

    /// Writes this point as an HTTP date, whole seconds; a point past the year 9999 as its last second.
    pub fn to_http_date(self) -> String {
        const LAST_SECOND_OF_9999: u64 = 253_402_300_799;
        let seconds = (self.0 / 1000).min(LAST_SECOND_OF_9999);
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// Writes this point as `2026-01-02T03:04:05Z` (RFC 3339), whole seconds.
    pub fn to_rfc3339(self) -> String {
        let days = self.0 / 86_400_000;
        let second_of_day = self.0 / 1000 % 86_400;
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
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
        assert!(Timestamp::from_millis(u64::MAX).to_http_date().contains("9999"));
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        let (first, last) = (Timestamp::from_millis(0), Timestamp::from_millis(u64::MAX));
        assert_eq!(first.since(last), Duration::ZERO);
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(first.minus(Duration::MAX), first);
    }
}
