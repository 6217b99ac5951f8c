//! Numbers and words for people.

use std::time::Duration;

use crate::time::Timestamp;

/// `span` in its two largest units: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
pub(super) fn length(span: Duration) -> String {
    let seconds = span.as_secs();
    let (larger, unit, smaller, sub) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => return format!("{} min", seconds / 60),
        3600..86_400 => (seconds / 3600, "h", seconds % 3600 / 60, "min"),
        86_400.. => (seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    };
    if smaller == 0 { format!("{larger} {unit}") } else { format!("{larger} {unit} {smaller} {sub}") }
}

/// Milliseconds as people say them: `40 ms`, `1.2 s`, `12 s`. The highest bound of the buckets of latency is a least.
pub(super) fn millis(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        10_000..30_000 => format!("{} s", ms / 1000),
        30_000.. => "30 s or more".to_owned(),
    }
}

/// How long ago `at` was: `5 min ago`.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    length(now.since(at)) + " ago"
}

/// The time of day to the second, in UTC, with the day if it is not today.
pub(super) fn clock(at: Timestamp, now: Timestamp) -> String {
    let iso = at.to_rfc3339();
    let (day, time) = (iso.get(..10).unwrap_or_default(), iso.get(11..19).unwrap_or_default());
    if now.to_rfc3339().starts_with(day) { time.to_owned() } else { format!("{day} {time}") }
}

/// `part` of `whole` in per cent, or a dash where there is no whole. Neither none nor all is written unless it is so.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    let rounded = |steps: u128| (part * steps + whole / 2) / whole;
    match (rounded(1000), rounded(100)) {
        (0, _) if part > 0 => "< 0.1 %".to_owned(),
        (0, _) => "0 %".to_owned(),
        (permille @ 1..100, _) => format!("{}.{} %", permille / 10, permille % 10),
        (1000, _) if part < whole => "> 99.9 %".to_owned(),
        (_, 100) if part < whole => "> 99 %".to_owned(),
        (_, percent) => format!("{percent} %"),
    }
}

/// `n` with thin spaces between thousands.
pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// What an outcome means for visitors.
pub(super) fn meaning(outcome: &str) -> &'static str {
    match outcome {
        "origin" => "the origin’s answer, its own errors included",
        "retried" => "the origin’s answer to a retry",
        "hit" => "a fresh copy",
        "collapsed" => "a copy that another request fetched",
        "revalidated" => "a copy that the origin confirmed",
        "stale_while_revalidate" => "a stale copy, refreshed behind it",
        "stale" => "a stale copy, as the origin failed",
        "stale_while_slow" => "a stale copy, as the origin was slow",
        "last_good" => "the last good copy, as the origin failed",
        "refresh_failed" => "nothing new: a refresh behind a copy failed",
        "only_if_cached" => "nothing: only a stored copy was wanted",
        "client_gone" => "nothing: the visitor left",
        "client_error" => "nothing: the visitor’s request broke off",
        "error_page" => "an error page",
        "operator" => "an answer to an operator",
        "maintenance" => "the page for maintenance",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_said_in_two_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (11_100, "3 h 5 min"),
            (86_400, "1 d"),
            (187_200, "2 d 4 h"),
        ] {
            assert_eq!(length(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn milliseconds_are_said_as_exactly_as_they_matter() {
        for (ms, words) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1.0 s"),
            (2590, "2.5 s"),
            (10_000, "10 s"),
            (30_000, "30 s or more"),
        ] {
            assert_eq!(millis(ms), words);
        }
    }

    #[test]
    fn a_share_is_neither_none_nor_all_unless_it_is() {
        for (part, whole, words) in [
            (0, 0, "–"),
            (5, 0, "–"),
            (0, 7, "0 %"),
            (1, 100_000, "< 0.1 %"),
            (1, 1000, "0.1 %"),
            (99, 1000, "9.9 %"),
            (1, 2, "50 %"),
            (99_999, 100_000, "> 99.9 %"),
            (997, 1000, "> 99 %"),
            (451, 1369, "33 %"),
            (55, 834, "6.6 %"),
            (999, 10_000, "10 %"),
            (7, 7, "100 %"),
            (u64::MAX, u64::MAX, "100 %"),
        ] {
            assert_eq!(share(part, whole), words, "{part} of {whole}");
        }
    }

    #[test]
    fn large_numbers_can_be_read() {
        for (n, words) in
            [(0, "0"), (999, "999"), (1000, "1\u{202f}000"), (1_234_567, "1\u{202f}234\u{202f}567")]
        {
            assert_eq!(thousands(n), words);
        }
    }
}
