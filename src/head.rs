//! The text form of heads. How do the fields of a request or response cross between Rust and JavaScript in one call?
//!
//! Each call across that border costs time, so all fields cross at once.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::fields::Edits;
use crate::fields::UNREADABLE;
use crate::request::{Request, Target};
use crate::response::fields;

/// The platform's request id.
const CF_RAY: HeaderName = HeaderName::from_static("cf-ray");

/// Common names on the platform that `http` does not know. Static names need no allocation.
static USUAL_NAMES: [(&str, HeaderName); 18] = [
    usual("cf-connecting-ip"),
    usual("cf-ipcountry"),
    usual("cf-ray"),
    usual("cf-visitor"),
    usual("sec-ch-ua"),
    usual("sec-ch-ua-mobile"),
    usual("sec-ch-ua-platform"),
    usual("sec-fetch-dest"),
    usual("sec-fetch-mode"),
    usual("sec-fetch-site"),
    usual("sec-fetch-user"),
    usual("sec-gpc"),
    usual("x-forwarded-for"),
    usual("x-forwarded-host"),
    usual("x-forwarded-proto"),
    usual("x-powered-by"),
    usual("x-real-ip"),
    usual("x-requested-with"),
];

const fn usual(name: &'static str) -> (&'static str, HeaderName) {
    (name, HeaderName::from_static(name))
}

/// Fields that differ between otherwise equal answers.
static CHANGING_NAMES: [HeaderName; 5] =
    [header::AGE, header::RETRY_AFTER, fields::CACHE_STATUS, fields::PROXY_STATUS, fields::SERVER_TIMING];

/// The approximate size of a line in bytes, for the initial capacity.
const USUAL_LINE: usize = 32;

/// Parses the client's request without its body: a line with the method, a space and the URL, then the fields. `roll`
/// returns numbers in 0..1 for an id if the platform sent none. Also returns whether every field was read unchanged.
///
/// # Errors
///
/// If the method or URL is invalid, which the platform rules out.
pub fn request(head: String, roll: impl Fn() -> f64) -> Result<(Request, bool), &'static str> {
    let (line, _) = head.split_once('\n').unwrap_or_default();
    let (method, url) = line.split_once(' ').unwrap_or_default();
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| "the method is no token")?;
    let target = Target::parse(url).ok_or("the URL is not absolute")?;
    let fields_at = line.len() + 1;
    let (headers, is_exact) = read_fields(head, fields_at);
    let has_body = !matches!(method, Method::GET | Method::HEAD) || announces_body(&headers);
    let id = id(&headers, roll);
    Ok((Request { method, target, headers, has_body, id }, is_exact))
}

/// Whether the head announces a body, whatever the method (RFC 9112 §6.3). A body of length zero does not count.
fn announces_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// The platform's request id if it is safe to print, else a random one.
fn id(headers: &HeaderMap, roll: impl Fn() -> f64) -> String {
    let is_safe = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match headers.get(CF_RAY).and_then(|value| value.to_str().ok()).filter(is_safe) {
        Some(id) => id.to_owned(),
        None => {
            let half = || (roll() * f64::from(u32::MAX)) as u32;
            let halves = [half(), half()];
            let digits =
                |half: u32| (0..8).rev().filter_map(move |at| char::from_digit(half >> (4 * at) & 15, 16));
            halves.into_iter().flat_map(digits).collect()
        }
    }
}

/// Header fields as one string: `name:value\n` for each line. The platform reads and writes values as UTF-8.
pub fn fields_of(headers: &HeaderMap) -> String {
    let mut text = String::with_capacity(headers.len() * USUAL_LINE);
    for (name, value) in headers {
        write_field(&mut text, name, value);
    }
    text
}

/// As [`fields_of`], in two parts: the fields shared by many answers, whose platform form can be reused, and the
/// edits for this one in the form of [`lines_of`].
pub fn parted_fields_of(headers: &HeaderMap) -> (String, String) {
    let (mut common, mut own) = (String::with_capacity(headers.len() * USUAL_LINE), String::new());
    for (name, value) in headers {
        if CHANGING_NAMES.contains(name) {
            own.push('+');
            write_field(&mut own, name, value);
        } else {
            write_field(&mut common, name, value);
        }
    }
    (common, own)
}

/// Edits, one a line: `-name` removes, `=name:value` sets, `+name:value` appends.
pub fn lines_of(edits: &Edits) -> String {
    let mut text = String::new();
    write_edits(&mut text, edits);
    text
}

/// Appends to `text` the [lines of](lines_of) `edits`.
pub fn write_edits(text: &mut String, edits: &Edits) {
    text.reserve((edits.remove.len() + edits.set.len() + edits.append.len()) * USUAL_LINE);
    for name in &edits.remove {
        text.push('-');
        text.push_str(name.as_str());
        text.push('\n');
    }
    for (name, value) in &edits.set {
        text.push('=');
        write_field(text, name, value);
    }
    write_added(text, edits.append.iter().map(|(name, value)| (name, value)));
}

/// Appends to `text` lines that append `fields`.
pub fn write_added<'a>(text: &mut String, fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>) {
    for (name, value) in fields {
        text.push('+');
        write_field(text, name, value);
    }
}

fn write_field(text: &mut String, name: &HeaderName, value: &HeaderValue) {
    text.push_str(name.as_str());
    text.push(':');
    match str::from_utf8(value.as_bytes()) {
        Ok(value) => text.push_str(value),
        Err(_) => text.push_str(&String::from_utf8_lossy(value.as_bytes())),
    }
    text.push('\n');
}

/// Parses the output of [`fields_of`] from byte `from` of `text` on. An invalid line is dropped. Values are slices of
/// `text`; nothing is copied.
pub fn fields_from(text: String, from: usize) -> HeaderMap {
    read_fields(text, from).0
}

/// As [`fields_from`]; also returns whether all lines were read unchanged.
fn read_fields(text: String, from: usize) -> (HeaderMap, bool) {
    let text = Bytes::from(text);
    let lines = str::from_utf8(&text).ok().and_then(|text| text.get(from..)).unwrap_or_default();
    let mut is_exact = true;
    let mut headers = HeaderMap::with_capacity(lines.len() / USUAL_LINE + 1);
    let mut at = from;
    for line in lines.split_terminator('\n') {
        let end = at + line.len();
        // Names are short: a byte at a time is quickest.
        let colon = line.bytes().position(|byte| byte == b':');
        let name = colon.and_then(|colon| name_of(line.get(..colon)?));
        if let (Some(name), Some(colon)) = (name, colon) {
            let value = HeaderValue::from_maybe_shared(text.slice(at + colon + 1..end));
            is_exact &= value.is_ok();
            if let Some(value) = value.ok().or_else(|| marked(line.get(colon + 1..)?)) {
                headers.append(name, value);
            }
        } else {
            is_exact = false;
        }
        at = end + 1;
    }
    (headers, is_exact)
}

/// `value` with a mark for each character that a field value cannot have. It may be a prohibition and must not be lost, and
/// the rest of it may be what a visitor is known by. The mark keeps the answer out of the store.
fn marked(value: &str) -> Option<HeaderValue> {
    let value = value.replace(|one: char| one.is_ascii_control() && one != '\t', UNREADABLE);
    HeaderValue::try_from(value).ok()
}

fn name_of(name: &str) -> Option<HeaderName> {
    let may_be_usual =
        matches!(name.as_bytes(), [b'c', b'f', b'-', ..] | [b's', b'e', b'c', b'-', ..] | [b'x', b'-', ..]);
    let usual = if may_be_usual { USUAL_NAMES.iter().find(|(usual, _)| *usual == name) } else { None };
    match usual {
        Some((_, usual)) => Some(usual.clone()),
        None => HeaderName::from_bytes(name.as_bytes()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
        headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }

    #[test]
    fn a_request_is_its_line_and_its_fields() {
        let head = "POST https://example.com/a?b\ncf-ray:8f2a-VIE\nAccept:*/*\nx:\nx:a:b\n".to_owned();
        let (request, is_exact) = request(head, || 0.5).unwrap();
        assert!(is_exact);
        assert_eq!((request.method, request.target.as_str()), (Method::POST, "https://example.com/a?b"));
        assert_eq!((request.has_body, &*request.id), (true, "8f2a-VIE"));
        let expected: [(&str, &[u8]); 4] =
            [("cf-ray", b"8f2a-VIE"), ("accept", b"*/*"), ("x", b""), ("x", b"a:b")];
        assert_eq!(lines(&request.headers), expected);
    }

    #[test]
    fn a_body_comes_with_get_only_if_it_is_announced() {
        // RFC 9112 §6.3
        for (head, expected) in [
            ("GET https://example.com/\n", false),
            ("GET https://example.com/\ncontent-length:0\n", false),
            ("GET https://example.com/\ncontent-length:5\n", true),
            ("HEAD https://example.com/\ntransfer-encoding:chunked\n", true),
            ("OPTIONS https://example.com/\n", true),
            ("POST https://example.com/\ncontent-length:0\n", true),
        ] {
            assert_eq!(request(head.to_owned(), || 0.5).unwrap().0.has_body, expected, "{head:?}");
        }
    }

    #[test]
    fn an_id_that_is_not_fit_to_be_printed_is_none() {
        for (ray, expected) in [
            ("cf-ray:8f2a-VIE\n", "8f2a-VIE"),
            ("cf-ray:\n", "7fffffff7fffffff"),
            ("cf-ray:<b>\n", "7fffffff7fffffff"),
            ("", "7fffffff7fffffff"),
        ] {
            let (request, _) = request(format!("GET https://example.com/\n{ray}"), || 0.5).unwrap();
            assert_eq!(request.id, expected, "{ray:?}");
        }
    }

    #[test]
    fn a_line_that_is_no_field_is_left_out_and_a_value_that_is_none_is_marked() {
        let headers =
            fields_from("a:1\nno field\n:2\nb c:3\n\nd:a=1; b=\u{7f}\u{1}\t; c=2\ne:\u{e9}".to_owned(), 0);
        let marked = format!("a=1; b={UNREADABLE}{UNREADABLE}\t; c=2");
        let expected: [(&str, &[u8]); 3] =
            [("a", b"1"), ("d", marked.as_bytes()), ("e", "\u{e9}".as_bytes())];
        assert_eq!(lines(&headers), expected);
        assert!(fields_from("a:1".to_owned(), 3).is_empty());
        assert!(fields_from("a:1".to_owned(), 4).is_empty());
    }

    #[test]
    fn a_request_with_a_field_that_was_not_read_as_it_is_is_not_exact() {
        for (fields, expected) in
            [("", true), ("a:1\n", true), ("a:\u{1}\n", false), ("a b:1\n", false), ("a\n", false)]
        {
            let head = format!("GET https://example.com/\nb:2\n{fields}");
            assert_eq!(request(head, || 0.5).unwrap().1, expected, "{fields:?}");
        }
    }

    #[test]
    fn what_changes_from_answer_to_answer_is_parted_from_the_rest() {
        let headers = fields_from("a:1\nage:2\ncache-status:one\nb:3\ncache-status:two\n".to_owned(), 0);
        let (common, own) = parted_fields_of(&headers);
        assert_eq!(common, "a:1\nb:3\n");
        assert_eq!(own, "+age:2\n+cache-status:one\n+cache-status:two\n");
    }

    #[test]
    fn edits_are_lines_by_what_they_do() {
        let field = |name: &'static str| (HeaderName::from_static(name), HeaderValue::from_static("v"));
        let edits = Edits {
            remove: vec![HeaderName::from_static("a")],
            set: vec![field("b")],
            append: vec![field("c"), field("d")],
        };
        assert_eq!(lines_of(&edits), "-a\n=b:v\n+c:v\n+d:v\n");
    }

    #[test]
    fn a_usual_name_is_what_any_name_is() {
        for (text, usual) in &USUAL_NAMES {
            assert_eq!(name_of(text), Some(usual.clone()));
            let read = fields_from(format!("{usual}:1\n"), 0);
            assert_eq!(read, HeaderMap::from_iter([(usual.clone(), HeaderValue::from_static("1"))]));
        }
    }

    proptest! {
        #[test]
        fn fields_cross_as_they_are(fields in prop::collection::vec(("[a-z-]{1,12}", "[ -~\u{e9}]{0,40}"), 0..30)) {
            let text: String = fields.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
            let headers = fields_from(text, 0);
            prop_assert_eq!(headers.len(), fields.len());
            prop_assert_eq!(fields_from(fields_of(&headers), 0), headers);
        }
    }
}
