//! Store keys. Under which key is an answer stored (RFC 9111 §2, §4.1)?
//!
//! A key is a URL below this worker's own endpoints, which never answer a client from the store:
//!
//! ```text
//! https://<host>/.well-known/holdfast/cache/2/<scheme>/<authority><path?query>
//! https://<host>/.well-known/holdfast/cache/2/<digest>/<scheme>/<authority><path?query>
//! ```
//!
//! The first form is a URL's own key, the second that of one of its variants. A scheme is never a digest and an
//! authority has no slash, so two targets or variants never share a key.

use std::rc::Rc;

use http::header::{
    ACCEPT_ENCODING, ACCEPT_LANGUAGE, ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_ENCODING, COOKIE,
    HeaderMap, HeaderName, ORIGIN, VARY,
};
use sha2::{Digest as _, Sha256};

use crate::config::Cache;
use crate::fields::{compact, joined};
use crate::request::{Request, Target};

/// The path prefix of all keys. Its number is the version of the layout above.
const BELOW: &str = "/.well-known/holdfast/cache/2/";

/// Longer values, in bytes, are replaced by a digest.
const LONGEST_PLAIN_VALUE: usize = 128;

/// The first half of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of `text`.
    pub fn of(text: &str) -> Self {
        let mut half = [0; 16];
        half.iter_mut().zip(Sha256::digest(text.as_bytes())).for_each(|(byte, of_whole)| *byte = of_whole);
        Self(half)
    }
}

/// The key of an entry in the store: an absolute URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Rc<str>);

impl Key {
    /// The key for `request`. The method does not count: a stored answer to GET also answers HEAD.
    pub fn of(request: &Request) -> Self {
        Self::of_target(&request.target)
    }

    /// The key for `target`.
    ///
    /// A target with dot segments or backslashes is named by its digest: URL parsing would turn its key into that of
    /// another target. The platform normalises URLs, but nothing here depends on it.
    pub fn of_target(target: &Target) -> Self {
        let (host, scheme) = (target.host(), target.scheme());
        if has_dot_segments(target.path()) {
            let digest = sha256(target.as_str().as_bytes());
            return Self(format!("https://{host}{BELOW}{scheme}/digest/{digest}").into());
        }
        let (authority, rest) = (target.authority(), target.path_and_query());
        Self(["https://", host, BELOW, scheme, "/", authority, rest].concat().into())
    }

    /// The key for the state of one circuit, by the requested host, the origin's name and the part of the site.
    pub fn of_circuit(target: &Target, origin: &str, part: &str) -> Self {
        let circuit = [origin, "\n", part].concat();
        Self(format!("https://{}{BELOW}circuit/{}", target.host(), sha256(circuit.as_bytes())).into())
    }

    /// The key of the variant with this digest; `self` is the URL's own key.
    pub fn variant(&self, digest: &str) -> Self {
        let (host, target) = self.0.split_once(BELOW).unwrap_or_default();
        Self(format!("{host}{BELOW}{digest}/{target}").into())
    }

    /// The key as a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The target whose copy may answer for `target` when the origin fails: without the parameters in
/// `cache.ignore_query` and without empty ones. `None` if it has neither.
///
/// Names are compared as written, without decoding. Some servers treat `;` as `&`, so a parameter whose value
/// contains `;` may be several and is kept.
pub fn without_ignored(target: &Target, settings: &Cache) -> Option<Target> {
    without(target, settings, false)
}

/// The target that replaces `target` in the key under `cache.ignore_query_always`; `None` if it is the same.
///
/// The origin still receives the parameters. If its answer contains them, other clients see them. A parameter
/// therefore stays in the key unless its name and value are plain words, as in campaign parameters.
pub fn keyed(target: &Target, settings: &Cache) -> Option<Target> {
    if settings.ignore_query_always { without(target, settings, true) } else { None }
}

fn without(target: &Target, settings: &Cache, in_key: bool) -> Option<Target> {
    let (before, query) = target.as_str().split_once('?')?;
    let mut url = before.to_owned();
    let mut is_found = !in_key;
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let is_ignored = settings.ignore_query.iter().any(|pattern| pattern.matches(name))
            && if in_key { is_words(name) && is_words(value) } else { !value.contains(';') };
        is_found |= is_ignored;
        if !is_ignored && !parameter.is_empty() {
            url.push(if url.len() == before.len() { '?' } else { '&' });
            url.push_str(parameter);
        }
    }
    if is_found && url != target.as_str() { Target::parse(&url) } else { None }
}

/// Whether a percent-encoded text is harmless in a page, a script or a URL. The only encoded character allowed is the
/// space.
fn is_words(text: &str) -> bool {
    text.split("%20")
        .all(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+*,|".contains(&byte)))
}

/// Whether a URL parser would treat a segment of `path` as `.` or `..`, in any spelling.
fn has_dot_segments(path: &str) -> bool {
    // The longest spelling has six characters.
    let may_be_dots = |segment: &str| segment.len() <= 6 && segment.starts_with(['.', '%']);
    let is_dots = |segment: &str| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    };
    path.contains('\\') || path.split('/').any(|segment| may_be_dots(segment) && is_dots(segment))
}

/// The request header fields that select a variant: sorted, without duplicates. Client and origin control how many
/// there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vary(Vec<HeaderName>);

impl Vary {
    /// The fields that select a response with these `headers`: the [`stated`](Self::stated) ones and those that many
    /// origins omit. `None` if `stated` is.
    ///
    /// - `Accept-Encoding` for a compressed response: other clients could not decode it.
    /// - `Origin` if `Access-Control-Allow-Origin` names one: only that origin may read it.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let Self(mut names) = Self::stated(headers)?;
        let stated = names.len();
        if headers.contains_key(CONTENT_ENCODING) {
            names.push(ACCEPT_ENCODING);
        }
        if headers
            .get_all(ACCESS_CONTROL_ALLOW_ORIGIN)
            .iter()
            .any(|line| line.as_bytes().trim_ascii() != b"*")
        {
            names.push(ORIGIN);
        }
        Some(if names.len() > stated { Self::from_names(names) } else { Self(names) })
    }

    /// Whether a response with `headers` suits a request with `Origin`: it says which origins may read it, or varies
    /// by `Origin`.
    pub fn suits_scripts(headers: &HeaderMap) -> bool {
        headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
            || Self::of(headers).is_some_and(|vary| vary.covers(&ORIGIN))
    }

    /// Parses `Vary` (RFC 9110 §12.5.5). `None` if it is `*` or contains an invalid field name: no later request can
    /// then be matched.
    pub fn stated(headers: &HeaderMap) -> Option<Self> {
        let mut names = Vec::new();
        for line in headers.get_all(VARY) {
            for member in line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                match member {
                    b"" => {}
                    b"*" => return None,
                    name => names.push(HeaderName::from_bytes(name).ok()?),
                }
            }
        }
        Some(Self::from_names(names))
    }

    /// The set of these names.
    pub(super) fn from_names(mut names: Vec<HeaderName>) -> Self {
        names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        names.dedup();
        Self(names)
    }

    /// Whether one answer serves all requests for the URL.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The field names.
    pub fn names(&self) -> &[HeaderName] {
        &self.0
    }

    /// Whether `name` is in the set.
    pub fn covers(&self, name: &HeaderName) -> bool {
        self.0.binary_search_by(|other| other.as_str().cmp(name.as_str())).is_ok()
    }

    /// The name of the variant that a request with `headers` selects: 32 hexadecimal digits.
    ///
    /// It is half of a SHA-256. Clients choose the values: with a weaker digest, one could construct a collision and
    /// push another client's variant out of the store.
    pub fn digest(&self, headers: &HeaderMap) -> String {
        self.digest_of(&self.values(headers))
    }

    /// The same digest, from the request's [`values`](Self::values) in their order.
    pub fn digest_of(&self, values: &[(HeaderName, String)]) -> String {
        // A name has no colon and a value no line feed, so different lists give different texts.
        let mut text = String::new();
        for name in self.names() {
            text.push_str(name.as_str());
            let at = values.binary_search_by(|(other, _)| other.as_str().cmp(name.as_str()));
            if let Some((_, value)) = at.ok().and_then(|at| values.get(at)) {
                text.push(':');
                text.push_str(value);
            }
            text.push('\n');
        }
        let mut digest = sha256(text.as_bytes());
        digest.truncate(32);
        digest
    }

    /// The request's values for these names. Absent fields are left out and match only absent ones (RFC 9111 §4.1).
    ///
    /// Values are normalised: lines are joined, outer whitespace is trimmed, and `Accept-Encoding` and
    /// `Accept-Language` are [compact]. Credentials and values longer than 128 bytes are replaced by a digest.
    pub fn values(&self, headers: &HeaderMap) -> Vec<(HeaderName, String)> {
        self.0.iter().filter_map(|name| Some((name.clone(), normalised(headers, name)?))).collect()
    }
}

/// `None` if the field is absent. The first character marks a plain value (`=`) or a digest (`#`).
fn normalised(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut value = joined(headers, name)?;
    if *name == ACCEPT_ENCODING || *name == ACCEPT_LANGUAGE {
        value = compact(&value);
    }
    let is_credential = *name == COOKIE || *name == AUTHORIZATION;
    Some(if is_credential || value.len() > LONGEST_PLAIN_VALUE {
        format!("#{}", sha256(&value))
    } else {
        // Maps each byte to the character with that number, so that bytes that are not UTF-8 stay distinct.
        std::iter::once('=').chain(value.into_iter().map(char::from)).collect()
    })
}

/// SHA-256 as 64 lower-case hexadecimal digits.
fn sha256(message: &[u8]) -> String {
    Sha256::digest(message).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pattern;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn fields(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
        headers
    }

    fn vary(text: &str) -> Vary {
        Vary::of(&fields(&[("vary", text)])).unwrap()
    }

    #[test]
    fn a_key_is_a_url_below_our_own_endpoints() {
        let request = Request::bare("GET", "http://example.com:8080/a/b?c=d?e");
        let key = Key::of(&request);
        assert_eq!(
            key.as_str(),
            "https://example.com/.well-known/holdfast/cache/2/http/example.com:8080/a/b?c=d?e"
        );
        let variant = key.variant(&vary("accept").digest(&HeaderMap::new()));
        assert!(variant.as_str().ends_with("/http/example.com:8080/a/b?c=d?e"));
        assert_eq!(variant.as_str().len(), key.as_str().len() + 33);
    }

    #[test]
    fn vary_is_a_set_of_names_or_matches_nothing() {
        // RFC 9110 §12.5.5
        assert_eq!(vary("Accept, accept-encoding,, ACCEPT"), vary("accept-encoding,accept"));
        assert!(vary(" , ").is_empty());
        assert!(Vary::of(&HeaderMap::new()).unwrap().is_empty());
        let lines = fields(&[("vary", "a"), ("vary", "b")]);
        assert_eq!(Vary::of(&lines).unwrap(), vary("b, a"));
        for text in ["*", "accept, *", "a b", "(", "accept;q=1"] {
            assert_eq!(Vary::of(&fields(&[("vary", text)])), None, "{text}");
        }
    }

    #[test]
    fn requests_that_mean_the_same_select_the_same_variant() {
        // RFC 9111 §4.1
        let same = |names: &str, one: &[(&str, &str)], other: &[(&str, &str)]| {
            let (vary, one, other) = (vary(names), fields(one), fields(other));
            let same = vary.values(&one) == vary.values(&other);
            assert_eq!(vary.digest(&one) == vary.digest(&other), same);
            same
        };
        assert!(same(
            "accept-encoding",
            &[("accept-encoding", "gzip, BR")],
            &[("accept-encoding", "GZIP,br")]
        ));
        assert!(same(
            "accept-language",
            &[("accept-language", "de , en ; q=0.5")],
            &[("accept-language", "DE,en;q=0.5")]
        ));
        for (one, other) in [("d e", "de"), ("en;q= 0.5", "en;q=0.5"), ("de,,en", "de,en")] {
            assert!(
                !same("accept-language", &[("accept-language", one)], &[("accept-language", other)]),
                "{one}"
            );
        }
        assert!(same("a", &[("a", "x"), ("a", "y")], &[("a", "x, y")]));
        assert!(same("a", &[("b", "x")], &[("b", "y")]));
        assert!(!same("a", &[("a", "x")], &[("a", "X")]));
        assert!(!same("a", &[("a", "")], &[]));
        assert!(!same("a, b", &[("a", "x")], &[("b", "x")]));
        assert!(!same("cookie", &[("cookie", "id=1")], &[("cookie", "id=2")]));
        let run_together = vary("a").digest(&fields(&[("a", "xb")]));
        assert_ne!(run_together, vary("a, b").digest(&fields(&[("a", "x")])));
        let long = "x".repeat(LONGEST_PLAIN_VALUE + 1);
        let digest = format!("#{}", sha256(long.as_bytes()));
        assert!(!same("a", &[("a", &long)], &[("a", &digest)]));
    }

    #[test]
    fn a_coded_response_differs_by_what_the_client_accepts() {
        let coded = fields(&[("content-encoding", "gzip"), ("vary", "a")]);
        assert_eq!(Vary::of(&coded), Some(vary("a, accept-encoding")));
        assert_eq!(Vary::stated(&coded), Some(vary("a")));
        assert_eq!(Vary::of(&fields(&[("content-encoding", "br"), ("vary", "*")])), None);
        assert_eq!(
            Vary::of(&fields(&[("content-encoding", "br"), ("vary", "Accept-Encoding")])),
            Some(vary("accept-encoding"))
        );
    }

    #[test]
    fn a_target_that_a_reader_would_take_for_another_has_a_key_that_it_would_not() {
        for url in [
            "https://example.com/%2e%2e/https/example.com/z",
            "https://example.com/.%2E/z",
            "https://example.com/a/../z",
            "https://example.com/./z",
            "https://example.com/a\\..\\z",
        ] {
            let key = Key::of_target(&Target::parse(url).unwrap());
            let read = url::Url::parse(key.as_str()).unwrap();
            assert_eq!(read.as_str(), key.as_str(), "{url}");
        }
    }

    fn written(target: Option<Target>) -> Option<String> {
        target.map(|target| target.path_and_query().to_owned())
    }

    #[test]
    fn the_copy_without_the_parameters_that_do_not_matter_may_stand_in() {
        let settings = Cache::default();
        for (asked, other) in [
            ("/?utm_source=x", Some("/")),
            ("/?utm_source=%3Cb%3E&utm_medium", Some("/")),
            ("/a?b=1&gclid=2&b=3&fbclid=4", Some("/a?b=1&b=3")),
            ("/a?utm_source=1&b=2&utm_source=3", Some("/a?b=2")),
            ("/a?b=2&a=%31", None),
            ("/a?utm_", Some("/a")),
            ("/a", None),
            ("/?", Some("/")),
            ("/a?&b&", Some("/a?b")),
            ("/?&utm_source=x&", Some("/")),
            ("/?%75tm_source=x", None),
            ("/?UTM_SOURCE=x", None),
            ("/?x_utm_source=x", None),
            ("/?gclid_=x", None),
            ("/?utm_source=x;b=1", None),
            ("/?b=utm_source=x", None),
            ("/a?b?utm_source=x", None),
        ] {
            let target = Target::parse(&format!("https://example.com{asked}")).unwrap();
            assert_eq!(written(without_ignored(&target, &settings)).as_deref(), other, "{asked}");
            assert_eq!(keyed(&target, &settings), None, "{asked}");
        }
    }

    #[test]
    fn a_key_leaves_out_what_never_matters_and_what_is_mere_words() {
        let settings = Cache { ignore_query_always: true, ..Cache::default() };
        for (asked, other) in [
            ("/?utm_source=news-letter.2026_11~a+b%20c,d|e*", Some("/")),
            ("/?utm_source=%C3%A9", None),
            ("/?utm_%3Cb%3E=1", None),
            ("/?utm_x/../../a=1", None),
            ("/?utm_x%26id=1", None),
            ("/a?b=<&utm_source=x&c=%3C", Some("/a?b=<&c=%3C")),
            ("/a?&b&&utm_source", Some("/a?b")),
            ("/?", None),
            ("/a?&b&", None),
            ("/?utm_source=%3Cb%3E", None),
            ("/?utm_source=\"", None),
            ("/?utm_source='", None),
            ("/?utm_source=a;b", None),
            ("/?utm_source=//evil.example", None),
            ("/?utm_source=a%26b", None),
            ("/?utm_source=a%2", None),
            ("/?utm_source=%", None),
            ("/?utm_source=x=y", None),
            ("/?utm_source={{x}}", None),
            ("/?utm_source=x&utm_medium=%22", Some("/?utm_medium=%22")),
        ] {
            let target = Target::parse(&format!("https://example.com{asked}")).unwrap();
            assert_eq!(written(keyed(&target, &settings)).as_deref(), other, "{asked}");
        }
        let all = Cache { ignore_query: vec![Pattern::new("*")], ..settings };
        let target = Target::parse("https://example.com/a.css?v=1&w").unwrap();
        assert_eq!(written(keyed(&target, &all)).as_deref(), Some("/a.css"));
    }

    #[test]
    fn credentials_are_not_kept() {
        let headers = fields(&[("cookie", "session=secret"), ("authorization", "Bearer secret")]);
        for (name, value) in vary("cookie, authorization").values(&headers) {
            assert!(value.starts_with('#') && !value.contains("secret"), "{name}: {value}");
        }
    }

    proptest! {
        #[test]
        fn two_targets_never_share_a_key(
            one in "https?://[a-b]{1,2}(:[0-9])?(/(https?|[a-b]|1|.well-known|holdfast|cache)){0,9}(\\?[a-b/]{0,3})?",
            other in "https?://[a-b]{1,2}(:[0-9])?(/(https?|[a-b]|1|.well-known|holdfast|cache)){0,9}(\\?[a-b/]{0,3})?",
            names in "[ab](, [ab])?",
            value in "[ -~]{0,6}",
        ) {
            let (one, other) = (Target::parse(&one).unwrap(), Target::parse(&other).unwrap());
            prop_assert_eq!(Key::of_target(&one) == Key::of_target(&other), one == other);
            let headers = fields(&[("a", &value)]);
            let digest = vary(&names).digest(&headers);
            let variant = Key::of_target(&one).variant(&digest);
            prop_assert_ne!(&variant, &Key::of_target(&other));
            prop_assert_ne!(&variant, &Key::of_target(&one));
            let of_other = Key::of_target(&other).variant(&digest);
            prop_assert_eq!(variant == of_other, one == other);
        }

        #[test]
        fn two_variants_never_share_a_key(
            one in prop::collection::vec(("[ab]", prop::collection::vec(any::<u8>(), 0..4)), 0..3),
            other in prop::collection::vec(("[ab]", prop::collection::vec(any::<u8>(), 0..4)), 0..3),
            names in "[ab]", other_names in "[ab](, [ab])?",
        ) {
            let of = |lines: &[(String, Vec<u8>)]| {
                let mut headers = HeaderMap::new();
                for (name, value) in lines {
                    if let Ok(value) = HeaderValue::from_bytes(value) {
                        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
                    }
                }
                headers
            };
            let (one, other) = (of(&one), of(&other));
            let (names, other_names) = (vary(&names), vary(&other_names));
            let same = names == other_names && names.values(&one) == other_names.values(&other);
            prop_assert_eq!(names.digest(&one) == other_names.digest(&other), same);
        }

        #[test]
        fn any_vary_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let mut headers = HeaderMap::new();
                headers.insert(VARY, value);
                Vary::of(&headers);
            }
        }
    }
}
