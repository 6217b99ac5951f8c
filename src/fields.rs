//! Header fields. What do several lines of one field mean, and which fields are hop-by-hop?
//!
//! RFC 9110 §5.3 (several lines), §5.6.7 (dates), §7.6.1 (`Connection`) and RFC 9111 §3.1.

use std::collections::HashSet;

use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};

use crate::time::Timestamp;

/// The lines of a field joined as a list (RFC 9110 §5.3); `None` if there is no line.
pub fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let mut lines = headers.get_all(name).iter();
    let mut whole = lines.next()?.as_bytes().trim_ascii().to_vec();
    for line in lines {
        whole.extend(b", ");
        whole.extend(line.as_bytes().trim_ascii());
    }
    Some(whole)
}

/// The date in the field; `None` if it is absent, unreadable, or stated several times with different values.
pub fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    if lines.any(|line| line != first) {
        return None;
    }
    Timestamp::parse_http_date(first.to_str().ok()?)
}

/// A list with weights in lower case and without optional whitespace around `,` and `;` (RFC 9110 §5.6.1, §12.4.2).
/// Other whitespace is kept: it makes a different value.
pub fn compact(value: &[u8]) -> Vec<u8> {
    let value = value.trim_ascii();
    let is_separator = |byte: Option<&u8>| matches!(byte, Some(b',' | b';'));
    let mut compact: Vec<u8> = Vec::with_capacity(value.len());
    // Where the whitespace before the next byte began.
    let mut gap = 0;
    for (at, byte) in value.iter().enumerate() {
        if byte.is_ascii_whitespace() {
            continue;
        }
        if gap < at && !is_separator(compact.last()) && !is_separator(Some(byte)) {
            compact.extend(value.get(gap..at).unwrap_or_default());
        }
        compact.push(byte.to_ascii_lowercase());
        gap = at + 1;
    }
    compact
}

/// Changes to header fields, applied in this order.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    /// Taken off, every line of each.
    pub remove: Vec<HeaderName>,
    /// Put in the place of all lines of that name.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// Added after the lines of that name.
    pub append: Vec<(HeaderName, HeaderValue)>,
}

impl Edits {
    /// Has `name` taken off, whatever was to become of it.
    pub fn take_off(&mut self, name: &HeaderName) {
        for list in [&mut self.set, &mut self.append] {
            list.retain(|(other, _)| other != name);
        }
        self.remove.push(name.clone());
    }

    /// Has `value` put in the place of all lines of `name`.
    pub fn put(&mut self, name: HeaderName, value: HeaderValue) {
        self.append.retain(|(other, _)| *other != name);
        match self.set.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.set.push((name, value)),
        }
    }

    /// The only or first line of `name` once these are applied to `headers`.
    pub fn first<'a>(&'a self, headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
        let of = |list: &'a [(HeaderName, HeaderValue)]| {
            list.iter().find(|(other, _)| other == name).map(|(_, value)| value)
        };
        let kept = || if self.remove.contains(name) { None } else { headers.get(name) };
        of(&self.set).or_else(kept).or_else(|| of(&self.append))
    }

    /// `headers` once these are applied to them.
    pub fn applied(&self, headers: &HeaderMap) -> HeaderMap {
        let mut edited = HeaderMap::with_capacity(headers.len() + self.set.len() + self.append.len());
        let is_gone = any_of(self.remove.iter().chain(self.set.iter().map(|(name, _)| name)));
        let kept = headers.iter().filter(|(name, _)| !is_gone(name));
        let added = self.set.iter().chain(&self.append).map(|(name, value)| (name, value));
        for (name, value) in kept.chain(added) {
            edited.append(name.clone(), value.clone());
        }
        edited
    }

    /// Whether a field of some name is taken off.
    pub fn takes_off(&self) -> impl Fn(&HeaderName) -> bool {
        any_of(self.remove.iter())
    }
}

/// Whether a name is one of `names`. A client chooses how many there are.
fn any_of<'a>(names: impl Iterator<Item = &'a HeaderName>) -> impl Fn(&HeaderName) -> bool {
    const FEW: usize = 16;
    let list: Vec<&HeaderName> = names.collect();
    let set: HashSet<&HeaderName> =
        if list.len() > FEW { list.iter().copied().collect() } else { HashSet::new() };
    move |name| if set.is_empty() { list.contains(&name) } else { set.contains(name) }
}

/// The replacement for unreadable bytes: by the platform for invalid UTF-8, by the edge for bytes that a field value
/// cannot contain (RFC 9110 §5.5).
pub const UNREADABLE: &str = "\u{fffd}";

/// Whether no value contains [`UNREADABLE`].
pub fn is_readable(headers: &HeaderMap) -> bool {
    let mark = UNREADABLE.as_bytes();
    headers.values().all(|value| {
        value.as_bytes().is_ascii() || !value.as_bytes().windows(mark.len()).any(|bytes| bytes == mark)
    })
}

/// `headers` without hop-by-hop fields (RFC 9110 §7.6.1, RFC 9111 §3.1): the known ones, `Connection`, and the fields
/// that `Connection` names.
///
/// Deviation: `Connection` cannot remove the fields that decide about storage, nor the client's address. No sender
/// may name them there; if one did, a prohibition or the client's identity would be lost.
pub fn without_hop_by_hop(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in hop_by_hop(headers) {
        kept.remove(name);
    }
    kept
}

/// The names of the fields that [`without_hop_by_hop`] removes from `headers`.
pub fn hop_by_hop(headers: &HeaderMap) -> Vec<HeaderName> {
    let named = connection_options(headers);
    headers.keys().filter(|name| concerns_one_connection(name, &named)).cloned().collect()
}

/// Whether a field of this name is hop-by-hop, given the fields that `Connection` has `named`.
pub fn concerns_one_connection(name: &HeaderName, named: &ConnectionOptions) -> bool {
    is_hop_by_hop(name) || named.covers(name) && !NEVER_HOP_BY_HOP.contains(&name.as_str())
}

/// The fields that `Connection` names. The sender chooses their number, so they are sorted for fast lookup.
#[derive(Debug)]
pub struct ConnectionOptions(Vec<HeaderName>);

impl ConnectionOptions {
    /// Whether all of them are hop-by-hop anyway.
    pub fn are_hop_by_hop(&self) -> bool {
        self.0.iter().all(is_hop_by_hop)
    }

    fn covers(&self, name: &HeaderName) -> bool {
        self.0.binary_search_by(|other| other.as_str().cmp(name.as_str())).is_ok()
    }
}

/// The fields that the `Connection` in `headers` names.
pub fn connection_options(headers: &HeaderMap) -> ConnectionOptions {
    let options =
        headers.get_all(CONNECTION).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let names = options.filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok());
    let mut names: Vec<HeaderName> = names.filter(|name| headers.contains_key(name)).collect();
    names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    names.dedup();
    ConnectionOptions(names)
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

const NEVER_HOP_BY_HOP: [&str; 15] = [
    "age",
    "authorization",
    "cache-control",
    "cdn-cache-control",
    "cf-connecting-ip",
    "cloudflare-cdn-cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expires",
    "pragma",
    "set-cookie",
    "vary",
];

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn fields(fields: &[(&str, &str)]) -> HeaderMap {
        let parsed =
            |(name, value): &(&str, &str)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap());
        let parsed: Vec<(HeaderName, HeaderValue)> = fields.iter().map(parsed).collect();
        let mut headers = HeaderMap::new();
        for (name, value) in parsed {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn fields_of_one_connection_go_no_further() {
        // RFC 9110 §7.6.1
        let headers = fields(&[
            ("connection", "close, X-Hop"),
            ("connection", "cache-control, set-cookie, (broken"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("proxy-authenticate", "Basic"),
            ("cache-control", "no-store"),
            ("set-cookie", "a=b"),
            ("x-end", "1"),
            ("x-end", "2"),
        ]);
        let kept =
            fields(&[("cache-control", "no-store"), ("set-cookie", "a=b"), ("x-end", "1"), ("x-end", "2")]);
        assert_eq!(without_hop_by_hop(&headers), kept);
    }

    proptest! {
        #[test]
        fn a_compact_list_is_what_trimming_its_parts_gives(value in "[a-cA-C,; \t]{0,24}") {
            let trimmed = |text: &[u8], separator: u8| -> Vec<u8> {
                let parts = text.split(|byte| *byte == separator).map(<[u8]>::trim_ascii);
                parts.collect::<Vec<_>>().join(&separator)
            };
            let expected = trimmed(&trimmed(value.as_bytes(), b','), b';').to_ascii_lowercase();
            prop_assert_eq!(compact(value.as_bytes()), expected);
        }
    }
}
