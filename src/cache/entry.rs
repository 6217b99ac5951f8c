//! Store entries. What is written beside a body in the store, and how is it read back?
//!
//! The encoding is one line of printable ASCII that fits in one header value of the platform's cache: a version
//! number, then parts that each end in `;`, then a full stop that reveals a truncated line. The number changes with
//! the format. An entry with another number reads as absent.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;

use http::header::{DATE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use http::status::StatusCode;

use super::directives::ResponseDirectives;
use super::key::Vary;
use crate::fields::date;
use crate::time::Timestamp;

/// The version number of the encoding.
const FORM: &str = "2";

/// The initial capacity of a header map.
const USUAL_FIELDS: usize = 12;

/// The longest encoding, in bytes.
const LONGEST: usize = 16 * 1024;

/// The initial capacity of an encoding.
const USUAL_ENCODING: usize = 512;

/// More than what a response's encoding has beside its fields, in bytes.
const MOST_BESIDE: usize = 256;

/// The value under a key of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A response.
    Response(Stored),
    /// The variants of a URL, under the URL's own key, in the order in which they were stored. They differ by request
    /// fields, and each has a key of its own. A variant that is not listed counts as absent, even if the store still
    /// has it.
    Variants(Vec<Variant>),
    /// A hint under the key of a circuit: another isolate in this data centre found the origin down.
    Down {
        /// The failure's word.
        because: String,
        /// When the hint expires.
        until: Timestamp,
    },
}

/// One of several stored answers for a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The request fields that select it; empty if it answers all requests.
    pub vary: Vary,
    /// The [`Vary::digest`] of these fields.
    pub digest: String,
    /// When the retention that was asked of the store ends.
    pub until: Timestamp,
    /// When the variants were last marked as outdated, if ever: answers stored by then are out of date.
    pub outdated_at: Option<Timestamp>,
}

/// A stored response without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The status.
    pub status: StatusCode,
    /// The header fields as received, without hop-by-hop fields.
    pub headers: Fields,
    /// When the request for it was sent.
    pub requested_at: Timestamp,
    /// When its header arrived.
    pub received_at: Timestamp,
    /// The length of the body in bytes, if known.
    pub length: Option<u64>,
    /// Whether it is known to be out of date. It is then never served as fresh but may still answer if the origin
    /// fails.
    pub outdated: bool,
    /// The mark of the last client whose answer [withdrew](super::storable::Effect::Withdraws) this copy. The copy
    /// does not answer for that client, and is removed when another client's answer withdraws it.
    pub withdrawn_from: Option<u32>,
    /// The request's [`Vary::values`] for the names in `Vary`.
    pub selected_by: Vec<(HeaderName, String)>,
}

/// The header fields of a stored response. Parsed values are cached and shared between clones: a remembered response
/// may answer many requests.
#[derive(Clone, Debug, Default)]
pub struct Fields(Rc<Read>);

#[derive(Debug, Default)]
struct Read {
    map: HeaderMap,
    directives: OnceCell<ResponseDirectives>,
    made_at: OnceCell<Option<Timestamp>>,
    is_plain: OnceCell<bool>,
}

impl Fields {
    /// The cache directives.
    pub fn directives(&self) -> &ResponseDirectives {
        self.0.directives.get_or_init(|| ResponseDirectives::of(self))
    }

    /// The `Date`; `None` if it is missing or unreadable.
    pub fn made_at(&self) -> Option<Timestamp> {
        *self.0.made_at.get_or_init(|| date(self, &DATE))
    }

    /// The fields `map`, whose `directives` are known.
    pub fn directed(map: HeaderMap, directives: ResponseDirectives) -> Self {
        Self(Rc::new(Read { map, directives: directives.into(), ..Read::default() }))
    }

    /// Whether they answer every request for the URL.
    fn are_plain(&self) -> bool {
        *self.0.is_plain.get_or_init(|| Vary::of(self).is_some_and(|vary| vary.is_empty()))
    }
}

impl Deref for Fields {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        &self.0.map
    }
}

impl From<HeaderMap> for Fields {
    fn from(map: HeaderMap) -> Self {
        Self(Rc::new(Read { map, ..Read::default() }))
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Fields {}

impl Entry {
    /// Encodes the entry; `None` if the encoding would exceed 16 KiB.
    pub fn encode(&self) -> Option<String> {
        let mut writer = Writer(String::with_capacity(USUAL_ENCODING));
        writer.part(&[FORM]);
        match self {
            Self::Response(stored) => stored.write(&mut writer),
            Self::Down { because, until } => {
                writer.part(&["down"]);
                writer.part(&[&until.as_millis().to_string()]);
                writer.value(&[], because.as_bytes());
            }
            Self::Variants(variants) => {
                writer.part(&["variants"]);
                for Variant { vary, digest, until, outdated_at } in variants {
                    let names: Vec<_> = vary.names().iter().map(HeaderName::as_str).collect();
                    let mut text = format!("{}:{digest}:{}", names.join(","), until.as_millis());
                    if let Some(at) = outdated_at {
                        text = format!("{text}:{}", at.as_millis());
                    }
                    writer.part(&[&text]);
                }
            }
        }
        let Writer(mut text) = writer;
        text.push('.');
        (text.len() <= LONGEST).then_some(text)
    }

    /// Whether [`encode`](Self::encode) gives anything. Most entries are so small that this is clear without.
    pub fn fits(&self) -> bool {
        let Self::Response(Stored { headers, selected_by, .. }) = self else {
            return self.encode().is_some();
        };
        let own = selected_by.iter().map(|(name, value)| name.as_str().len() + value.len());
        let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        // At worst each byte of a value is escaped.
        3 * own.chain(fields).map(|bytes| bytes + 3).sum::<usize>() + MOST_BESIDE <= LONGEST
            || self.encode().is_some()
    }

    /// Decodes an entry; `None` if the version is unknown or any part is damaged.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut parts = text.strip_suffix(";.")?.split(';');
        if parts.next()? != FORM {
            return None;
        }
        match parts.next()? {
            "response" => Stored::read(parts).map(Self::Response),
            "down" => {
                let until = Timestamp::from_millis(number(parts.next()?)?);
                let because = String::from_utf8(unescaped(parts.next()?)?).ok()?;
                parts.next().is_none().then_some(Self::Down { because, until })
            }
            "variants" => parts.map(Variant::read).collect::<Option<_>>().map(Self::Variants),
            _ => None,
        }
    }
}

impl Variant {
    fn read(part: &str) -> Option<Self> {
        let mut halves = part.split(':');
        let names = halves.next()?.split(',').filter(|name| !name.is_empty());
        let names = names.map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect::<Option<_>>()?;
        let digest = halves.next()?;
        let is_digest = !digest.is_empty() && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let until = Timestamp::from_millis(number(halves.next()?)?);
        let outdated_at = match halves.next() {
            Some(at) => Some(Timestamp::from_millis(number(at)?)),
            None => None,
        };
        (is_digest && halves.next().is_none()).then(|| Self {
            vary: Vary::from_names(names),
            digest: digest.to_owned(),
            until,
            outdated_at,
        })
    }
}

impl Stored {
    /// Whether the response answers every request for the URL.
    pub fn is_plain(&self) -> bool {
        self.headers.are_plain()
    }

    /// Whether the response answers a request with these fields (RFC 9111 §4.1). Always false with `Vary: *`.
    pub fn matches(&self, request_headers: &HeaderMap) -> bool {
        Vary::of(&self.headers).is_some_and(|vary| vary.values(request_headers) == self.selected_by)
    }

    /// The response without `Set-Cookie`, which is meant for one client.
    pub fn without_cookies(mut self) -> Self {
        if self.headers.contains_key(SET_COOKIE) {
            let mut headers = HeaderMap::clone(&self.headers);
            headers.remove(SET_COOKIE);
            self.headers = headers.into();
        }
        self
    }

    fn write(&self, writer: &mut Writer) {
        writer.part(&["response"]);
        writer.part(&[self.status.as_str()]);
        writer.part(&[&self.requested_at.as_millis().to_string()]);
        writer.part(&[&self.received_at.as_millis().to_string()]);
        writer.part(&[&self.length.map_or_else(|| "-".to_owned(), |length| length.to_string())]);
        match self.withdrawn_from {
            Some(client) => writer.part(&["withdrawn:", &client.to_string()]),
            None => writer.part(&[if self.outdated { "outdated" } else { "-" }]),
        }
        for (name, value) in &self.selected_by {
            writer.value(&["<", name.as_str(), ":"], value.as_bytes());
        }
        for (name, value) in self.headers.iter() {
            writer.value(&[name.as_str(), ":"], value.as_bytes());
        }
    }

    fn read<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let status = StatusCode::from_bytes(parts.next()?.as_bytes()).ok()?;
        let requested_at = Timestamp::from_millis(number(parts.next()?)?);
        let received_at = Timestamp::from_millis(number(parts.next()?)?);
        let length = match parts.next()? {
            "-" => None,
            digits => Some(number(digits)?),
        };
        let (outdated, withdrawn_from) = match parts.next()? {
            "-" => (false, None),
            "outdated" => (true, None),
            other => (true, Some(number(other.strip_prefix("withdrawn:")?)?.try_into().ok()?)),
        };
        let mut headers = HeaderMap::with_capacity(USUAL_FIELDS);
        let mut selected_by = Vec::new();
        for part in parts {
            let (name, value) = part.split_once(':')?;
            let value = unescaped(value)?;
            if let Some(name) = name.strip_prefix('<') {
                selected_by
                    .push((HeaderName::from_bytes(name.as_bytes()).ok()?, String::from_utf8(value).ok()?));
            } else {
                let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                headers.try_append(name, HeaderValue::try_from(value).ok()?).ok()?;
            }
        }
        let headers = headers.into();
        Some(Self {
            status,
            headers,
            requested_at,
            received_at,
            length,
            outdated,
            withdrawn_from,
            selected_by,
        })
    }
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Writes parts. Field names contain neither `;` nor `:` and do not begin with `<`. A `%` in a name is neither
/// escaped nor unescaped.
struct Writer(String);

impl Writer {
    /// Writes one part as it is, which is in ASCII.
    fn part(&mut self, pieces: &[&str]) {
        self.0.extend(pieces.iter().copied());
        self.0.push(';');
    }

    /// Writes one part, `pieces` as they are and then `value` escaped.
    fn value(&mut self, pieces: &[&str], value: &[u8]) {
        self.0.extend(pieces.iter().copied());
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b';' | b'%');
        let mut rest = value;
        while !rest.is_empty() {
            let run = rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
            let (plain, others) = rest.split_at(run);
            self.0.push_str(str::from_utf8(plain).unwrap_or_default());
            let (byte, others) = others.split_first().unzip();
            if let Some(byte) = byte {
                self.0.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
            }
            rest = others.unwrap_or_default();
        }
        self.0.push(';');
    }
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut value = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        value.push(match byte {
            b'%' => {
                let mut nibble = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(nibble()? << 4 | nibble()?).ok()?
            }
            b' '..=b'~' => byte,
            _ => return None,
        });
    }
    Some(value)
}

#[cfg(test)]
pub(super) mod test {
    use super::*;

    /// The point `seconds` after [`stored`] responses came.
    pub fn seconds(seconds: u64) -> Timestamp {
        Timestamp::from_millis(784_111_777_000 + seconds * 1000)
    }

    pub fn fields(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
        headers
    }

    /// A 200 that came without delay at `seconds(0)`, which is Sun, 06 Nov 1994 08:49:37 GMT.
    pub fn stored(headers: &[(&str, &str)]) -> Stored {
        Stored {
            status: StatusCode::OK,
            headers: fields(headers).into(),
            requested_at: seconds(0),
            received_at: seconds(0),
            length: Some(10),
            outdated: false,
            withdrawn_from: None,
            selected_by: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::test::{fields, stored};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_written_form_stays_readable() {
        // Entries outlive a deploy: a change here needs a new number.
        let mut response = stored(&[("etag", "\"a;b\""), ("x", "100% \u{e9}")]);
        response.selected_by = vec![("accept".parse().unwrap(), "=*/*".to_owned())];
        let text =
            "2;response;200;784111777000;784111777000;10;-;<accept:=*/*;etag:\"a%3bb\";x:100%25 %c3%a9;.";
        let entry = Entry::Response(response);
        assert_eq!(entry.encode().unwrap(), text);
        assert_eq!(Entry::decode(text), Some(entry));
        let variant = |names: &str, digest: &str, until| Variant {
            vary: Vary::of(&fields(&[("vary", names)])).unwrap(),
            digest: digest.to_owned(),
            until: Timestamp::from_millis(until),
            outdated_at: None,
        };
        let marked = Variant { outdated_at: Some(Timestamp::from_millis(4)), ..variant("a", "ab", 7) };
        let entry = Entry::Variants(vec![marked]);
        assert_eq!(entry.encode().unwrap(), "2;variants;a:ab:7:4;.");
        assert_eq!(Entry::decode("2;variants;a:ab:7:4;."), Some(entry));
        let variants = Entry::Variants(vec![variant("b, a", "01ab", 5), variant("", "ef", 6)]);
        assert_eq!(variants.encode().unwrap(), "2;variants;a,b:01ab:5;:ef:6;.");
        assert_eq!(Entry::decode("2;variants;a,b:01ab:5;:ef:6;."), Some(variants));
        let down = Entry::Down { because: "edge_refused".to_owned(), until: Timestamp::from_millis(7) };
        assert_eq!(down.encode().unwrap(), "2;down;7;edge_refused;.");
        assert_eq!(Entry::decode("2;down;7;edge_refused;."), Some(down));
    }

    #[test]
    fn damage_reads_as_absent() {
        for text in [
            "",
            ".",
            ";.",
            "2;.",
            "1;response;200;1;2;-;-;.",
            "2;unknown;.",
            "2;response;200;1;2;-;-",
            "2;response;200;1;2;-;-;",
            "2;response;200;1;2;.",
            "2;response;200;1;2;-;.",
            "2;response;200;1;2;-;fresh;.",
            "2;response;20;1;2;-;-;.",
            "2;response;200;;2;-;-;.",
            "2;response;200;+1;2;-;-;.",
            "2;response;200;1;99999999999999999999;-;-;.",
            "2;response;200;1;2;-;-;a;.",
            "2;response;200;1;2;-;-;a b:c;.",
            "2;response;200;1;2;-;-;a:%;.",
            "2;response;200;1;2;-;-;a:%0;.",
            "2;response;200;1;2;-;-;a:%0a;.",
            "2;response;200;1;2;-;-;a:%+1;.",
            "2;response;200;1;2;-;-;a:é;.",
            "2;response;200;1;2;-;-;<a:%ff;.",
            "2;variants;a b:ef:5;.",
            "2;variants;;.",
            "2;variants;a:ef;.",
            "2;variants;a::5;.",
            "2;variants;a:x:5;.",
            "2;variants;a:ef:x;.",
            "2;variants;a:ef:1:x;.",
            "2;variants;a:ef:1:2:3;.",
            "2;response;200;1;2;-;withdrawn:x;.",
            "2;response;200;1;2;-;withdrawn:99999999999;.",
        ] {
            assert_eq!(Entry::decode(text), None, "{text}");
        }
        assert!(Entry::decode("2;response;200;1;2;-;-;.").is_some());
    }

    #[test]
    fn an_entry_too_large_for_a_header_value_is_not_written() {
        let almost = "x".repeat(LONGEST - 60);
        assert!(Entry::Response(stored(&[("x", &almost)])).encode().is_some());
        assert_eq!(Entry::Response(stored(&[("x", &almost), ("y", &"%".repeat(20))])).encode(), None);
    }

    #[test]
    fn a_response_answers_only_requests_that_select_it() {
        // RFC 9111 §4.1
        let mut response = stored(&[("vary", "accept, x")]);
        let selecting = fields(&[("accept", "a"), ("cookie", "b")]);
        response.selected_by = Vary::of(&response.headers).unwrap().values(&selecting);
        assert!(response.matches(&selecting));
        assert!(response.matches(&fields(&[("accept", " a ")])));
        assert!(!response.matches(&fields(&[("accept", "b")])));
        assert!(!response.matches(&fields(&[("accept", "a"), ("x", "")])));
        assert!(!response.matches(&HeaderMap::new()));
        assert!(!stored(&[("vary", "*")]).matches(&HeaderMap::new()));
        assert!(stored(&[]).matches(&selecting));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            lines in prop::collection::vec(("[a-c!%'|~]{1,3}", prop::collection::vec(any::<u8>(), 0..12)), 0..8),
            selecting in prop::collection::vec(("[a-c%]{1,3}", ".{0,8}"), 0..3),
            (status, requested, received) in (100..1000_u16, any::<u64>(), any::<u64>()),
            (length, outdated, withdrawn_from) in any::<(Option<u64>, bool, Option<u32>)>(),
        ) {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
                }
            }
            let selected_by = selecting
                .into_iter()
                .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), value))
                .collect();
            let entry = Entry::Response(Stored {
                status: StatusCode::from_u16(status).unwrap(),
                headers: headers.into(),
                requested_at: Timestamp::from_millis(requested),
                received_at: Timestamp::from_millis(received),
                length,
                outdated: outdated || withdrawn_from.is_some(),
                withdrawn_from,
                selected_by,
            });
            let text = entry.encode().unwrap();
            prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert!(!text.starts_with(' ') && !text.ends_with(' '));
            prop_assert_eq!(Entry::decode(&text), Some(entry));
        }

        #[test]
        fn any_text_can_be_read(text in "(2;(response|variants);)?[0-9a-c%:;.<\\-\\PC]{0,40}(;\\.)?") {
            Entry::decode(&text);
        }

        #[test]
        fn a_cut_entry_is_absent(value in "[ -~]{0,20}", cut in 1..20_usize) {
            let text = Entry::Response(stored(&[("x", &value)])).encode().unwrap();
            prop_assert_eq!(Entry::decode(&text[..text.len() - cut]), None);
        }
    }
}
