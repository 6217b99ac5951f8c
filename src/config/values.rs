//! The values of settings. What is accepted for each, and what does an error say otherwise?
//!
//! A parser returns only the rule that is broken; [`reader`](super::reader) adds the key and the value.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::cache::{ClientDirectives, TrustVary};
use super::origin::Origin;
use super::pattern::Pattern;
use super::reader::as_written;
use super::share::Share;
use crate::request::Target;
use crate::time::Timestamp;

/// A value, or the rule that it breaks.
pub(super) type Accepted<T> = Result<T, String>;

const DURATION_UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60 * 1000), ("h", 60 * 60 * 1000), ("d", 24 * 60 * 60 * 1000)];
const SIZE_UNITS: [(&str, u64); 3] = [("B", 1), ("KiB", 1024), ("MiB", 1024 * 1024)];

/// Accepts durations such as `"250ms"` within `bounds`.
pub(super) fn duration(bounds: RangeInclusive<Duration>) -> impl Fn(&Value) -> Accepted<Duration> {
    move |value| {
        let text = value.as_str();
        let amount = |text| amount(text, &DURATION_UNITS);
        if text.and_then(|text| text.strip_prefix('-')).and_then(amount).is_some() {
            return Err(range(&bounds, write_duration));
        }
        let millis = text
            .and_then(amount)
            .ok_or(r#"a duration needs a unit; write e.g. "250ms", "10s", "5m", "1h" or "1d""#)?;
        within(&bounds, Duration::from_millis(millis), write_duration)
    }
}

/// Accepts durations such as `"250ms"` within `bounds`, and `"off"`.
pub(super) fn duration_or_off(
    bounds: RangeInclusive<Duration>,
) -> impl Fn(&Value) -> Accepted<Option<Duration>> {
    let accept = duration(bounds);
    move |value| {
        if value.as_str() == Some("off") {
            return Ok(None);
        }
        accept(value).map(Some).map_err(|rule| format!(r#"{rule}, or "off""#))
    }
}

/// Accepts what `accept` does, and `"none"`, by which a route removes an inherited value.
pub(super) fn or_none<T>(accept: impl Fn(&Value) -> Accepted<T>) -> impl Fn(&Value) -> Accepted<Option<T>> {
    move |value| {
        if value.as_str() == Some("none") {
            return Ok(None);
        }
        accept(value).map(Some).map_err(|rule| format!(r#"{rule}; or "none""#))
    }
}

/// Accepts sizes such as `"64KiB"` within `bounds`; returns bytes.
pub(super) fn size(bounds: RangeInclusive<u64>) -> impl Fn(&Value) -> Accepted<u64> {
    move |value| {
        let bytes = value
            .as_str()
            .and_then(|text| amount(text, &SIZE_UNITS))
            .ok_or(r#"a size needs a unit in powers of 1024; write e.g. "512B", "64KiB" or "25MiB""#)?;
        within(&bounds, bytes, write_size)
    }
}

/// Accepts whole numbers within `bounds`.
pub(super) fn count(bounds: RangeInclusive<u32>) -> impl Fn(&Value) -> Accepted<u32> {
    move |value| {
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
        count.filter(|count| bounds.contains(count)).ok_or_else(|| {
            format!("a whole number from {} to {} is accepted, without quotes", bounds.start(), bounds.end())
        })
    }
}

/// Accepts numbers from 0 to 1 in steps of 1/10,000: a smaller one would become 0, which often means "off".
pub(super) fn share(value: &Value) -> Accepted<Share> {
    let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
    let number = number.ok_or("a number from 0 to 1 is accepted, without quotes, e.g. 0.1")?;
    Share::of_number(number).ok_or_else(|| {
        "a number from 0 to 1 is accepted with at most four digits behind the point, e.g. 0.0001".to_owned()
    })
}

/// Accepts what [`share`] does, and `"off"`.
pub(super) fn share_or_off(value: &Value) -> Accepted<Option<Share>> {
    if value.as_str() == Some("off") {
        return Ok(None);
    }
    share(value).map(Some).map_err(|rule| format!(r#"{rule}; or "off""#))
}

/// Accepts what [`share`] does except 0, which is no threshold.
pub(super) fn share_above_zero(value: &Value) -> Accepted<Share> {
    if value.as_f64().is_some_and(|number| number > 0.0 && number <= 1.0) {
        return share(value);
    }
    Err("a number above 0 and up to 1 is accepted, without quotes, e.g. 0.5".to_owned())
}

/// Accepts a date and time with an offset from UTC.
pub(super) fn moment(value: &Value) -> Accepted<Timestamp> {
    value.as_str().and_then(Timestamp::parse_rfc3339).ok_or_else(|| {
        r#"a date and time with "Z" or an offset is accepted, e.g. "2026-11-21T01:00:00Z" or "2026-11-21T02:00:00+01:00""#.to_owned()
    })
}

/// Accepts `true` and `false`.
pub(super) fn switch(value: &Value) -> Accepted<bool> {
    value.as_bool().ok_or_else(|| "true or false is accepted, without quotes".to_owned())
}

/// Accepts the origin's own error statuses: the given `client` errors, and 500 to 599 except those that Cloudflare
/// sends in the origin's place.
pub(super) fn status(client: &'static [u16], named: &str) -> impl Fn(&Value, &[u16]) -> Accepted<u16> {
    move |value, earlier| {
        let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
        let is_own = |status: &u16| match status {
            520..=527 | 530 => false,
            status => (500..600).contains(status) || client.contains(status),
        };
        let status = status.filter(is_own).ok_or_else(|| {
            [named, " and 500 to 599 are accepted, without quotes; 520 to 527 and 530 are Cloudflare's, and failures"]
                .concat()
        })?;
        if earlier.contains(&status) {
            return Err("this status is in the list already".to_owned());
        }
        Ok(status)
    }
}

/// Accepts whether a request's own directives count.
pub(super) fn client_directives(value: &Value) -> Accepted<ClientDirectives> {
    match value.as_str() {
        Some("obey") => Ok(ClientDirectives::Obey),
        Some("ignore") => Ok(ClientDirectives::Ignore),
        Some(_) | None => Err(r#""obey" or "ignore" is accepted"#.to_owned()),
    }
}

/// Accepts when `Vary` is trusted.
pub(super) fn trust_vary(value: &Value) -> Accepted<TrustVary> {
    match value.as_str() {
        Some("always") => Ok(TrustVary::Always),
        Some("permitted") => Ok(TrustVary::Permitted),
        Some("never") => Ok(TrustVary::Never),
        Some(_) | None => Err(r#""always", "permitted" or "never" is accepted"#.to_owned()),
    }
}

/// Accepts the text that a page must contain.
pub(super) fn marker(value: &Value) -> Accepted<String> {
    let is_marker = |text: &&str| (1..=200).contains(&text.len());
    value
        .as_str()
        .filter(is_marker)
        .map(str::to_owned)
        .ok_or_else(|| r#"a text of 1 to 200 bytes is accepted, e.g. "</html>""#.to_owned())
}

/// Accepts a name for `Proxy-Status`, as a structured string (RFC 8941 §3.3.3).
pub(super) fn name(value: &Value) -> Accepted<String> {
    let is_name = |text: &&str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
            && text.trim().len() == text.len()
    };
    value.as_str().filter(is_name).map(str::to_owned).ok_or_else(|| {
        "a text of 1 to 64 printable ASCII characters is accepted, with no space at either end".to_owned()
    })
}

/// Accepts the name of a service: what may stand in a command.
pub(super) fn service(value: &Value) -> Accepted<String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@:".contains(&byte);
    let is_name =
        |text: &&str| (1..=64).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(is_part);
    value.as_str().filter(is_name).map(str::to_owned).ok_or_else(|| {
        r#"a text of 1 to 64 letters, digits, ".", "-", "_", "@" and ":" is accepted, e.g. "shop.service""#.to_owned()
    })
}

/// Accepts a site's name: any script, one line.
pub(super) fn brand(value: &Value) -> Accepted<String> {
    let is_brand = |text: &&str| {
        !text.trim().is_empty() && text.chars().count() <= 80 && !text.chars().any(char::is_control)
    };
    value
        .as_str()
        .filter(is_brand)
        .map(str::to_owned)
        .ok_or_else(|| "a text of 1 to 80 characters on one line is accepted".to_owned())
}

/// Accepts an origin that is not among `earlier`; returns it in the normal form of the URL Standard.
pub(super) fn origin(value: &Value, earlier: &[Origin]) -> Accepted<Origin> {
    const SHAPE: &str = r#"an http or https URL with nothing after host and port is accepted; write e.g. "https://origin.example.com""#;
    let (scheme, rest) = value.as_str().and_then(web_url).ok_or(SHAPE)?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('@') {
        return Err("a user and password are not accepted here; let the origin trust the worker by a header or a client certificate".to_owned());
    }
    if let Some(at) = authority.find(['/', '?', '#']) {
        let extra = authority.get(at..).unwrap_or_default();
        let extra = as_written(&Value::from(extra));
        return Err(format!("{SHAPE}, without {extra}: the request's own path is used"));
    }
    let authority = normal_authority(scheme, authority)?;
    let url = Target::parse(&format!("{scheme}://{authority}/")).ok_or(SHAPE)?;
    let origin = Origin { url };
    if earlier.contains(&origin) {
        return Err("this origin is in the list already".to_owned());
    }
    Ok(origin)
}

/// Accepts a link to a page.
pub(super) fn web_link(value: &Value) -> Accepted<String> {
    link(value, false)
        .ok_or_else(|| r#"an https or http URL is accepted, e.g. "https://status.example.com""#.to_owned())
}

/// Accepts a link to a page or a mail address.
pub(super) fn web_or_mail_link(value: &Value) -> Accepted<String> {
    link(value, true).ok_or_else(|| {
        r#"an https, http or mailto URL is accepted, e.g. "https://example.com/support" or "mailto:help@example.com""#.to_owned()
    })
}

/// Accepts a cookie name (RFC 6265 §4.1.1), or a prefix and `*`. A `*` alone would make every cookie harmless and
/// store answers meant for one visitor.
pub(super) fn cookie(value: &Value, _earlier: &[Pattern]) -> Accepted<Pattern> {
    let is_cookie = |text: &&str| {
        let name = text.strip_suffix('*').unwrap_or(text);
        !name.is_empty() && name.bytes().all(|byte| byte != b'*' && is_token_byte(byte))
    };
    value.as_str().filter(is_cookie).map(Pattern::new).ok_or_else(|| {
        r#"the name of a cookie is accepted, e.g. "_gid", or its beginning and a "*" at the end, e.g. "_ga*""#.to_owned()
    })
}

/// Accepts the decoded name of a query parameter, or a prefix and `*`.
pub(super) fn query_name(value: &Value, _earlier: &[Pattern]) -> Accepted<Pattern> {
    let is_name = |text: &&str| {
        let name = text.strip_suffix('*').unwrap_or(text);
        !text.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"*%&+;=?#".contains(&byte))
    };
    value.as_str().filter(is_name).map(Pattern::new).ok_or_else(|| {
        r#"the name of a parameter is accepted, e.g. "gclid", or its beginning and a "*" at the end, e.g. "utm_*""#.to_owned()
    })
}

/// Accepts a pattern for hosts; returns it in lower case, as hosts arrive.
pub(super) fn host_pattern(value: &Value) -> Accepted<Pattern> {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'*');
    let text = value.as_str().filter(|text| !text.is_empty() && text.bytes().all(is_host));
    text.map(|text| Pattern::new(text.to_ascii_lowercase())).ok_or_else(|| {
        r#"a host without scheme, port and path is accepted, with "*" for any run of characters, e.g. "*.example.com"; other scripts in their xn-- form"#.to_owned()
    })
}

/// Accepts a pattern for paths, percent-encoded and without a query.
pub(super) fn path_pattern(value: &Value) -> Accepted<Pattern> {
    let is_path = |text: &&str| {
        text.starts_with(['/', '*'])
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'))
    };
    value.as_str().filter(is_path).map(Pattern::new).ok_or_else(|| {
        r#"a path that begins with "/" or "*" is accepted, with "*" for any run of characters, e.g. "/api/*"; percent-encoded as it arrives, without a query"#.to_owned()
    })
}

/// Accepts a path to probe, with or without a query.
pub(super) fn probe_path(value: &Value) -> Accepted<String> {
    let is_path = |text: &&str| {
        text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
    };
    let text = value.as_str().filter(is_path).map(str::to_owned);
    text.ok_or_else(|| {
        r#"a path that begins with "/" is accepted, e.g. "/healthz"; percent-encoded"#.to_owned()
    })
}

/// Accepts a host, optionally with a port; returns it in lower case.
pub(super) fn host(value: &Value) -> Accepted<String> {
    const RULE: &str = r#"a host without scheme and path is accepted, e.g. "www.example.com""#;
    let text = value.as_str().filter(|text| !text.contains('/')).ok_or(RULE)?;
    normal_authority("https", text)
}

/// Accepts a method. Methods are case-sensitive (RFC 9110 §9.1) and the registered ones are upper case, so lower case
/// is a mistake.
pub(super) fn method(value: &Value, earlier: &[Method]) -> Accepted<Method> {
    let is_method = |text: &&str| !text.bytes().any(|byte| byte.is_ascii_lowercase());
    let method = value.as_str().filter(is_method).and_then(|text| Method::from_bytes(text.as_bytes()).ok());
    let method = method.ok_or(r#"a method in upper case is accepted, e.g. "GET""#)?;
    if earlier.contains(&method) {
        return Err("this method is in the list already".to_owned());
    }
    Ok(method)
}

/// `span` as in a setting, in the largest unit that needs no fraction.
pub(super) fn write_duration(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 { "0s".to_owned() } else { write(millis, &DURATION_UNITS) }
}

/// `bytes` as in a setting, in the largest unit that needs no fraction.
pub(super) fn write_size(bytes: u64) -> String {
    if bytes == 0 { "0B".to_owned() } else { write(bytes, &SIZE_UNITS) }
}

fn write(amount: u64, units: &[(&str, u64)]) -> String {
    let (unit, factor) =
        units.iter().rev().find(|(_, factor)| amount.is_multiple_of(*factor)).unwrap_or(&("", 1));
    format!("{}{unit}", amount / factor)
}

/// Parses digits followed by one of `units`; an amount above `u64::MAX` counts as that.
fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
    let (digits, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some(digits.parse().unwrap_or(u64::MAX).saturating_mul(*factor))
}

fn within<T: PartialOrd + Copy>(bounds: &RangeInclusive<T>, value: T, write: fn(T) -> String) -> Accepted<T> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    Err(range(bounds, write))
}

fn range<T: Copy>(bounds: &RangeInclusive<T>, write: fn(T) -> String) -> String {
    format!(r#""{}" to "{}" is accepted"#, write(*bounds.start()), write(*bounds.end()))
}

/// Splits an `http` or `https` URL into its scheme, in lower case, and the rest after `//`.
fn web_url(text: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = ["https", "http"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((scheme, rest))
}

/// A URL that is safe in an attribute of a page and leads where it says.
fn link(value: &Value, mail: bool) -> Option<String> {
    let text = value.as_str()?;
    let is_plain = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    if !text.bytes().all(is_plain) {
        return None;
    }
    let leads_somewhere = match (web_url(text), text.split_once(':')) {
        (Some((scheme, rest)), _) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            normal_authority(scheme, authority).is_ok()
        }
        (None, Some((scheme, address))) => {
            let address = address.split('?').next().unwrap_or_default();
            let parts = address.split_once('@');
            mail && scheme.eq_ignore_ascii_case("mailto")
                && parts.is_some_and(|(who, host)| !who.is_empty() && normal_host(host).is_ok())
        }
        (None, None) => false,
    };
    leads_somewhere.then(|| text.to_owned())
}

/// Normalises host and port: lower case, without the scheme's default port.
fn normal_authority(scheme: &str, authority: &str) -> Accepted<String> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    let host = normal_host(host)?;
    let Some(port) = port else { return Ok(host) };
    let digits = (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(port);
    let port = digits.and_then(|port| port.parse::<u16>().ok()).filter(|port| *port > 0);
    let port = port.ok_or("a port is a number from 1 to 65535")?;
    let own = if scheme == "https" { 443 } else { 80 };
    Ok(if port == own { host } else { format!("{host}:{port}") })
}

/// Normalises a host name or address. The URL Standard reads a name that ends in a number as an address, so it must
/// be a valid one.
fn normal_host(host: &str) -> Accepted<String> {
    const RULE: &str = "a host is a name such as origin.example.com (other scripts in their xn-- form), an IPv4 address, or an IPv6 address in brackets";
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let address = address.parse::<Ipv6Addr>().ok();
        let address = address.filter(|address| address.to_ipv4_mapped().is_none());
        return address.map(|address| format!("[{address}]")).ok_or_else(|| RULE.to_owned());
    }
    let host = host.to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    let is_host = host.len() <= 253
        && host.split('.').all(is_label)
        && (!is_number || host.parse::<Ipv4Addr>().is_ok());
    if is_host { Ok(host) } else { Err(RULE.to_owned()) }
}

/// Whether a token may contain `byte` (RFC 9110 §5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
