//! Sessions. Does a browser belong to an operator?
//!
//! A browser that has sent the token gets a cookie with its time of expiry, signed with the token. Nothing is stored here,
//! and a new token ends all sessions. The cookie is for this host and for requests from this site alone, and no script
//! can read it (RFC 6265bis §4.1.3.2, §5.6.7).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use crate::config::Token;
use crate::origin::forward::SESSION;
use crate::time::Timestamp;

/// How long a session lasts.
pub const LASTS: Duration = Duration::from_secs(8 * 3600);

/// The most bytes that a sign-in may have.
pub const LONGEST_FORM: usize = 4096;

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// What a signature is for.
const PURPOSE: &str = "session";

/// The `Set-Cookie` that begins a session.
pub fn begin(token: &Token, now: Timestamp) -> HeaderValue {
    let until = now.plus(LASTS).as_millis() / 1000;
    let signature = token.sign(PURPOSE, &until.to_string());
    let line = format!("{SESSION}={until}.{signature}; Max-Age={}; {ATTRIBUTES}", LASTS.as_secs());
    HeaderValue::try_from(line).unwrap_or_else(|_| end())
}

/// The `Set-Cookie` that ends it.
pub fn end() -> HeaderValue {
    HeaderValue::try_from(format!("{SESSION}=; Max-Age=0; {ATTRIBUTES}"))
        .unwrap_or(HeaderValue::from_static(""))
}

/// Whether these fields show a session that was begun with `token` and is not over.
pub fn is_under_way(headers: &HeaderMap, token: &Token, now: Timestamp) -> bool {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let values = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(name, value)| (name == SESSION).then_some(value));
    // A browser sends one; whoever sends many is not answered as often.
    values.take(4).any(|value| is_good(value, token, now).unwrap_or(false))
}

fn is_good(value: &str, token: &Token, now: Timestamp) -> Option<bool> {
    let (until, signature) = value.split_once('.')?;
    let number: u64 = until.parse().ok()?;
    let is_over = Timestamp::from_millis(number.saturating_mul(1000)) <= now;
    Some(token.is_signed(PURPOSE, until, signature) && !is_over)
}

/// What a sign-in form has as `token`, without white space around it; `None` if it is not there or not text.
pub fn token_in(form: &str) -> Option<String> {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(name, _)| *name == "token").map(|(_, value)| value).next()?;
    let mut decoded = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
                u8::try_from(high? * 16 + low?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok().map(|token| token.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_999);

    fn token() -> Token {
        Token::new("a-token-of-the-operators").unwrap()
    }

    fn shows(cookie: &str, now: Timestamp) -> bool {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(cookie).unwrap())]);
        is_under_way(&headers, &token(), now)
    }

    #[test]
    fn a_session_is_of_one_host_and_no_script_can_read_it() {
        let line = begin(&token(), NOW);
        let line = line.to_str().unwrap();
        assert!(line.starts_with("__Host-holdfast=1767351845."), "{line}");
        assert!(line.ends_with("; Max-Age=28800; Path=/; Secure; HttpOnly; SameSite=Strict"), "{line}");
        assert_eq!(end(), "__Host-holdfast=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict");
        assert!(!line.contains("operators"));
    }

    #[test]
    fn only_what_was_signed_with_the_token_is_a_session() {
        let line = begin(&token(), NOW);
        let pair = line.to_str().unwrap().split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let (until, signature) = value.split_once('.').unwrap();
        let last = NOW.plus(LASTS - Duration::from_secs(1));
        for (cookie, now, is) in [
            (pair.to_owned(), NOW, true),
            (pair.to_owned(), last, true),
            (pair.to_owned(), NOW.plus(LASTS), false),
            (format!("a=b; {pair};c=d"), NOW, true),
            (format!("{name}=x; {pair}"), NOW, true),
            (format!("{}{pair}", "__Host-holdfast=x; ".repeat(4)), NOW, false),
            (pair.to_uppercase(), NOW, false),
            (format!("x{pair}"), NOW, false),
            (format!("{name}=9{until}.{signature}"), NOW, false),
            (format!("{name}=0{until}.{signature}"), NOW, false),
            (format!("{name}={until}.{}", "0".repeat(64)), NOW, false),
            (format!("{name}={until}.{}", &signature[1..]), NOW, false),
            (format!("{name}={until}.+{}", &signature[1..]), NOW, false),
            (format!("{name}={until}."), NOW, false),
            (format!("{name}={}.{signature}", u64::MAX), NOW, false),
            (format!("{name}=a-token-of-the-operators"), NOW, false),
            (format!("{name}="), NOW, false),
            (String::new(), NOW, false),
        ] {
            assert_eq!(shows(&cookie, now), is, "{cookie}");
        }
    }

    #[test]
    fn what_a_browser_sends_is_read_as_it_was_typed() {
        for (form, token) in [
            ("token=abc", Some("abc")),
            ("a=b&token=%2B%26%3D%25+&c=d", Some("+&=%")),
            ("token=+abc%0D%0A", Some("abc")),
            ("token=one&token=two", Some("one")),
            ("token=", Some("")),
            ("token", None),
            ("", None),
            ("tokens=abc", None),
            ("token=%4", None),
            ("token=%zz", None),
            ("token=%ff", None),
        ] {
            assert_eq!(token_in(form).as_deref(), token, "{form}");
        }
    }
}
