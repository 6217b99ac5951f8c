//! Orders for fire drills.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast::config::Token;
use holdfast::origin::drill;
use holdfast::origin::failure::{self, Failure, TABLE};
use holdfast::request::Target;
use holdfast::time::Timestamp;

/// The header field that forces the failure `word` at the host of `site` for `validity` from `now`, as curl takes it.
///
/// `site` is a URL or a host, `word` one of those in docs/failures.md.
pub fn field(token: &str, word: &str, site: &str, validity: Duration, now: Timestamp) -> Result<String> {
    Ok(format!("Holdfast-Drill: {}", order(token, word, site, validity, now)?))
}

/// The value of that field.
pub fn order(token: &str, word: &str, site: &str, validity: Duration, now: Timestamp) -> Result<String> {
    let token = Token::new(token).with_context(|| format!("the token: {}", Token::RULE))?;
    let failure = failure_of(word)?;
    let longest = drill::LONGEST_VALIDITY;
    ensure!(
        (Duration::from_secs(1)..=longest).contains(&validity),
        "an order holds for at least a second and at most {longest:?}"
    );
    let host = host_of(site)?;
    Ok(drill::order(&token, failure, &host, now.plus(validity)))
}

/// The failure with this word, or an error that lists them all.
fn failure_of(word: &str) -> Result<Failure> {
    failure::of_word(word).with_context(|| {
        let words: Vec<_> = TABLE.iter().map(|row| row.word).collect();
        format!("there is no failure {word}; there are {}", words.join(", "))
    })
}

fn host_of(site: &str) -> Result<String> {
    let url = if site.contains("://") { site.to_owned() } else { format!("https://{site}/") };
    let target =
        Target::parse(&url).with_context(|| format!("{site} is no http or https URL, and no host"))?;
    Ok(target.host().to_ascii_lowercase())
}

/// Reads `90s`, `5m` or `1h`.
pub fn read_validity(text: &str) -> Result<Duration> {
    const RULE: &str = "write it as 90s, 5m or 1h";
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).context(RULE)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => anyhow::bail!(RULE),
    };
    Ok(Duration::from_secs(number.parse::<u32>().context(RULE)?.into()) * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    const TOKEN: &str = "a-token-of-the-operators";
    const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_000);

    #[test]
    fn an_order_that_is_printed_is_one_that_the_worker_takes() {
        for site in ["https://WWW.example.com:8443/a?b", "www.example.com", "www.Example.com"] {
            let made = field(TOKEN, "edge_refused", site, Duration::from_secs(300), NOW).unwrap();
            let (name, value) = made.split_once(": ").unwrap();
            assert_eq!(name.to_ascii_lowercase(), drill::DRILL.as_str());
            let headers = HeaderMap::from_iter([(drill::DRILL, value.parse().unwrap())]);
            let found = drill::ordered(&headers, Token::new(TOKEN).as_ref(), "www.example.com", NOW);
            assert_eq!(found, Some(Failure::EdgeRefused), "{site}");
        }
    }

    #[test]
    fn what_would_not_be_taken_is_not_printed() {
        let minute = Duration::from_secs(60);
        for (token, word, site, validity, says) in [
            ("short", "loop", "a", minute, "at least 16 characters"),
            (TOKEN, "refused", "a", minute, "there is no failure refused; there are connection_lost, "),
            (TOKEN, "loop", "ftp://a", minute, "no http or https URL"),
            (TOKEN, "loop", "", minute, "no http or https URL"),
            (TOKEN, "loop", "a", 61 * minute, "at most 3600s"),
            (TOKEN, "loop", "a", Duration::ZERO, "at least a second"),
        ] {
            let error = order(token, word, site, validity, NOW).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_span_has_a_unit() {
        for (text, seconds) in [("90s", Some(90)), ("5m", Some(300)), ("1h", Some(3600)), ("0s", Some(0))] {
            assert_eq!(read_validity(text).ok().map(|span| span.as_secs()), seconds);
        }
        for text in ["", "5", "m", "5d", "5 m", "-5m", "5é"] {
            assert!(read_validity(text).is_err(), "{text}");
        }
    }
}
