//! The request head that an origin gets, and what of its answer's head must not get out.
//!
//! What a client sent is not trusted: fields that say where a request came from are set here, fields that
//! concern one connection stay behind (RFC 9110 §7.6.1). Where the answer may be stored for others, the
//! origin gets only what is in the cache key or cannot matter; a field that is neither is sent all the
//! same, but named in [`Forward::unkeyed`], so that the answer is stored only if its `Vary` names it too.

use std::rc::Rc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::cache::request_fields::{self, Bearing};
use crate::cache::storable;
use crate::config::{self, Cache};
use crate::fields::{self, joined};
use crate::request::{Request, Target, weight};

/// Marks a retry towards the origin; its value is the number of the attempt, from 2.
pub const ATTEMPT: HeaderName = HeaderName::from_static("holdfast-attempt");
/// Who has had this request in hand (RFC 8586). It may belong to the platform, which may rewrite it.
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");
/// The same, by this worker alone.
pub const HOP: HeaderName = HeaderName::from_static("holdfast-hop");

const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("cf-connecting-ip");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// The operators' secret on a request to the site; see [`endpoint`](crate::endpoint).
pub const TOKEN: HeaderName = HeaderName::from_static("holdfast-token");
/// The cookie of an operator's session.
pub const SESSION: &str = "__Host-holdfast";
/// How this worker calls itself in `Via` and `CDN-Loop`.
const PSEUDONYM: &str = "holdfast";

/// A request head, ready to be sent.
#[derive(Clone, Debug)]
pub struct Forward {
    /// The absolute URL.
    pub url: String,
    /// The method.
    pub method: Method,
    /// The header fields.
    pub headers: Rc<HeaderMap>,
    /// Fields that the client chose and that could have changed the answer, and how likely.
    pub unkeyed: Vec<(HeaderName, Bearing)>,
    /// Whether a cookie that could identify somebody is sent.
    pub identified: bool,
    /// Whether it asks to change protocols to WebSocket.
    pub is_upgrade: bool,
}

/// Makes the head that `origin`, or the zone's own origin if there is none, gets for `request`.
///
/// With `fills_cache`, the answer may be stored: then harmless cookies and fields that override the method
/// or the target are left out, and where a page must contain something, it is asked for in a coding that can be undone.
pub fn forward(request: &Request, origin: Option<&config::Origin>, fills_cache: Option<&Cache>) -> Forward {
    let named = fields::connection_options(&request.headers);
    let mut headers = HeaderMap::with_capacity(request.headers.len() + MOST_ADDED);
    let mut unkeyed: Vec<(HeaderName, Bearing)> = Vec::new();
    let mut has_cookies = false;
    for name in request.headers.keys() {
        let kind = Kind::of(name);
        let is_left_out = kind == Kind::NotSent || kind == Kind::Override && fills_cache.is_some();
        if is_left_out || fields::concerns_one_connection(name, &named) {
            continue;
        }
        let values = request.headers.get_all(name);
        has_cookies |= kind == Kind::Cookie;
        if fills_cache.is_some() {
            if kind != Kind::Cookie {
                let bearing = request_fields::of(name, request);
                unkeyed.extend((bearing != Bearing::Harmless).then(|| (name.clone(), bearing)));
            }
            if kind == Kind::List
                && let Some(list) = compact(&request.headers, name)
            {
                let must_be_read = fills_cache.is_some_and(|settings| settings.must_contain.is_some());
                let is_coding = must_be_read && *name == header::ACCEPT_ENCODING;
                headers.insert(name.clone(), if is_coding { readable_coding(&list) } else { list });
                continue;
            }
        }
        for value in values {
            headers.append(name.clone(), value.clone());
        }
    }
    let is_upgrade = request.wants_websocket();
    if is_upgrade {
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    let mut identified = false;
    if has_cookies {
        drop_session(&mut headers);
        if let Some(settings) = fills_cache {
            keep_identifying_cookies(&mut headers, settings);
            let cookies = headers.get(header::COOKIE);
            identified = cookies.is_some();
            let marked = cookies.filter(|line| request_fields::has_markup(line));
            unkeyed.extend(marked.map(|_| (header::COOKIE, Bearing::Suspect)));
        }
    }
    set_provenance(&mut headers, request);
    Forward {
        url: url_at(origin, request),
        method: request.method.clone(),
        headers: Rc::new(headers),
        unkeyed,
        identified,
        is_upgrade,
    }
}

/// Where `origin` has what `request` asks for.
fn url_at(origin: Option<&config::Origin>, request: &Request) -> String {
    match origin {
        Some(origin) => {
            let (scheme, authority) = (origin.url.scheme(), origin.url.authority());
            [scheme, "://", authority, request.target.path_and_query()].concat()
        }
        None => request.target.as_str().to_owned(),
    }
}

impl Forward {
    /// The same head for another origin.
    pub fn to(&self, origin: Option<&config::Origin>, request: &Request) -> Self {
        Self {
            url: url_at(origin, request),
            method: self.method.clone(),
            headers: Rc::clone(&self.headers),
            unkeyed: self.unkeyed.clone(),
            identified: self.identified,
            is_upgrade: self.is_upgrade,
        }
    }

    /// The same head for validating what is stored: `conditions` in place of the client's own conditions and range,
    /// which are met from the store then.
    #[must_use]
    pub fn validating(mut self, conditions: Vec<(HeaderName, HeaderValue)>) -> Self {
        let headers = Rc::make_mut(&mut self.headers);
        for name in CONDITIONS {
            headers.remove(&name);
            self.unkeyed.retain(|(other, _)| *other != name);
        }
        headers.extend(conditions);
        self
    }

    /// Whether the answer may be for whoever asked alone: the head has credentials, a cookie that could identify
    /// somebody, or a field of the client's own choice. With `validating`, conditions and ranges do not count.
    pub fn is_personal(&self, validating: bool) -> bool {
        self.identified
            || self.headers.contains_key(header::AUTHORIZATION)
            || self.unkeyed.iter().any(|(name, _)| !validating || !CONDITIONS.contains(name))
    }

    /// Marks this as attempt number `number`, from 2.
    pub fn mark_retry(&mut self, number: usize) {
        Rc::make_mut(&mut self.headers).insert(ATTEMPT, HeaderValue::from(number));
    }
}

/// Whether `request` has been through this worker before under the host that it is for now: then going on
/// would not end.
///
/// The mark is the public host, not the product: a site may well have another site behind it that uses this
/// worker too.
pub fn has_been_here(request: &Request) -> bool {
    let here = request.target.authority();
    let is_mine = |member: &str| {
        let mut parts = member.split(';').map(str::trim);
        parts.next().is_some_and(|id| id.eq_ignore_ascii_case(here))
    };
    let by_us = |member: &str| member.to_ascii_lowercase().contains(PSEUDONYM);
    members(&request.headers, &HOP).any(is_mine)
        || members(&request.headers, &CDN_LOOP).any(|member| is_mine(member) && by_us(member))
}

fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
}

/// What a client asks of one answer.
const CONDITIONS: [HeaderName; 4] =
    [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::RANGE, header::IF_RANGE];

/// How many fields [`set_provenance`] sets at most, and the mark of a retry.
const MOST_ADDED: usize = 8;

/// What a field of the client's is to a request for an origin, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It is set anew, or is between the client and the platform.
    NotSent,
    /// Some frameworks take it for the real method or target. On a fetch that fills the cache it would let one client
    /// choose what everybody gets.
    Override,
    /// Cookies.
    Cookie,
    /// A list that is sent in the form in which the key has it.
    List,
    /// Anything else: [`request_fields::of`] says what it means.
    Other,
}

impl Kind {
    fn of(name: &HeaderName) -> Self {
        match name.as_str() {
            "accept-encoding" | "accept-language" => Self::List,
            "cookie" => Self::Cookie,
            "cf-worker" | "expect" | "forwarded" | "holdfast-attempt" | "holdfast-drill"
            | "holdfast-token" | "host" | "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto"
            | "x-real-ip" => Self::NotSent,
            "x-forwarded-port"
            | "x-forwarded-prefix"
            | "x-forwarded-scheme"
            | "x-forwarded-server"
            | "x-forwarded-ssl"
            | "x-host"
            | "x-http-method"
            | "x-http-method-override"
            | "x-method-override"
            | "x-original-host"
            | "x-original-uri"
            | "x-original-url"
            | "x-rewrite-url" => Self::Override,
            _ => Self::Other,
        }
    }
}

fn set_provenance(headers: &mut HeaderMap, request: &Request) {
    let host = request.target.authority();
    if let Ok(value) = HeaderValue::from_str(host) {
        headers.insert(X_FORWARDED_HOST, value.clone());
        headers.append(HOP, value);
    }
    if let Ok(value) = HeaderValue::from_str(request.target.scheme()) {
        headers.insert(X_FORWARDED_PROTO, value);
    }
    if let Some(address) = headers.get(CLIENT_ADDRESS).cloned() {
        headers.insert(X_FORWARDED_FOR, address.clone());
        headers.insert(X_REAL_IP, address);
    }
    if let Ok(value) = HeaderValue::from_str(&[host, ";by=", PSEUDONYM].concat()) {
        headers.append(CDN_LOOP, value);
    }
    headers.append(header::VIA, HeaderValue::from_static("1.1 holdfast"));
}

/// Which of the codings in `list` is asked for where the answer will be looked into: the platform can undo no other one
/// that is in use.
fn readable_coding(list: &HeaderValue) -> HeaderValue {
    let is_gzip = |member: &str| {
        member.strip_prefix("gzip").is_some_and(|rest| match rest.strip_prefix(";q=") {
            Some(number) => weight(number) != Some(0),
            None => rest.is_empty(),
        })
    };
    let takes_gzip = list.to_str().is_ok_and(|list| list.split(',').any(is_gzip));
    HeaderValue::from_static(if takes_gzip { "gzip" } else { "identity" })
}

/// A list in the form in which the key has it: what is the same to the key is the same to the origin.
fn compact(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    joined(headers, name).and_then(|list| HeaderValue::try_from(fields::compact(&list)).ok())
}

/// Takes out the cookie of an operator's session, which is no business of the origin's and says nothing of a visitor.
fn drop_session(headers: &mut HeaderMap) {
    let is_session = |cookie: &&[u8]| cookie.split(|byte| *byte == b'=').next() == Some(SESSION.as_bytes());
    let lines = headers.get_all(header::COOKIE).iter();
    let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    let (sessions, others): (Vec<_>, Vec<_>) = cookies.partition(is_session);
    if sessions.is_empty() {
        return;
    }
    let kept = others.join(&b"; "[..]);
    headers.remove(header::COOKIE);
    if let Some(value) = HeaderValue::from_bytes(&kept).ok().filter(|value| !value.is_empty()) {
        headers.insert(header::COOKIE, value);
    }
}

/// Leaves only cookies that could identify somebody, in one line; a value that cannot be read counts as one.
fn keep_identifying_cookies(headers: &mut HeaderMap, settings: &Cache) {
    let kept = identifying_cookies(headers, settings).collect::<Vec<_>>().join(&b"; "[..]);
    headers.remove(header::COOKIE);
    if let Some(value) = HeaderValue::from_bytes(&kept).ok().filter(|value| !value.is_empty()) {
        headers.insert(header::COOKIE, value);
    }
}

fn identifying_cookies<'a>(headers: &'a HeaderMap, settings: &'a Cache) -> impl Iterator<Item = &'a [u8]> {
    let cookies =
        headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
    cookies.map(<[u8]>::trim_ascii).filter(|cookie| {
        let name = cookie.split(|&byte| byte == b'=').next().unwrap_or_default().trim_ascii();
        let is_harmless =
            std::str::from_utf8(name).is_ok_and(|name| storable::is_harmless_cookie(name, settings));
        // The platform joins lines with a comma, behind which another cookie may stand.
        !cookie.is_empty() && (!is_harmless || cookie.contains(&b','))
    })
}

/// Has the fields that refer to other pages point at the public host wherever they point at the own host of one of
/// `origins`, the one that was asked or another; gives those that changed. They are `Location`, `Content-Location`,
/// `Refresh` and `Link`.
pub fn make_public(
    headers: &mut HeaderMap,
    origins: &[config::Origin],
    request: &Request,
) -> Vec<(HeaderName, HeaderValue)> {
    type Rewrite = fn(&str, &dyn Fn(&str) -> Option<String>) -> Option<String>;
    let fields: [(HeaderName, Rewrite); 4] = [
        (header::LOCATION, |value, public| public(value)),
        (header::CONTENT_LOCATION, |value, public| public(value)),
        (header::REFRESH, refresh_with),
        (header::LINK, links_with),
    ];
    let public = |reference: &str| public_url(reference, origins, request);
    let mut changed = Vec::new();
    for (name, rewrite) in fields {
        let value = joined(headers, &name).and_then(|value| String::from_utf8(value).ok());
        let value = value.and_then(|value| HeaderValue::try_from(rewrite(&value, &public)?).ok());
        if let Some(value) = value {
            headers.insert(name.clone(), value.clone());
            changed.push((name, value));
        }
    }
    changed
}

/// The public URL for one that points at the own host of one of `origins`; `None` if it can stay as it is.
fn public_url(reference: &str, origins: &[config::Origin], request: &Request) -> Option<String> {
    let is_http = |scheme: &&str| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let (scheme, rest) = match reference.split_once(':') {
        Some((scheme, rest)) if is_http(&scheme) => (Some(scheme), rest),
        _ => (None, reference),
    };
    let rest = rest.strip_prefix("//")?;
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let (authority, path) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
    let points_at = |target: &Target| {
        let scheme = scheme.unwrap_or(target.scheme());
        Server::of(scheme, authority).is(Server::of(target.scheme(), target.authority()))
    };
    let public = &request.target;
    if !origins.iter().any(|origin| points_at(&origin.url)) || points_at(public) {
        return None;
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Some([public.scheme(), "://", public.authority(), slash, path].concat())
}

/// Whom a URL names: the host, and the port if it is not the scheme's own.
struct Server<'a> {
    host: &'a str,
    port: &'a str,
}

impl<'a> Server<'a> {
    fn of(scheme: &str, authority: &'a str) -> Self {
        let server = authority.rsplit('@').next().unwrap_or_default();
        let is_port = |(_, port): &(&str, &str)| port.bytes().all(|byte| byte.is_ascii_digit());
        let (host, port) = server.rsplit_once(':').filter(is_port).unwrap_or((server, ""));
        let own = if scheme.eq_ignore_ascii_case("http") { "80" } else { "443" };
        Self { host, port: if port == own { "" } else { port } }
    }

    /// Where both are at their schemes' own ports, `http` and `https` are one.
    fn is(&self, other: Self) -> bool {
        self.host.eq_ignore_ascii_case(other.host) && self.port == other.port
    }
}

/// `Refresh` with its URL changed, as the HTML Standard reads it: seconds, a separator, and a URL that `url=` and quotes may
/// stand around.
fn refresh_with(value: &str, public: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let bytes = value.as_bytes();
    let skip = |from: usize, what: &[u8]| {
        from + bytes.iter().skip(from).take_while(|byte| what.contains(byte)).count()
    };
    let mut begin = skip(0, b"0123456789.;, \t");
    if bytes.get(begin..begin + 3).is_some_and(|name| name.eq_ignore_ascii_case(b"url")) {
        let equals = skip(begin + 3, b" \t");
        if bytes.get(equals) == Some(&b'=') {
            begin = skip(equals + 1, b" \t");
        }
    }
    let quote = bytes.get(begin).filter(|byte| matches!(byte, b'"' | b'\''));
    begin += usize::from(quote.is_some());
    let is_end = |byte: &u8| Some(byte) == quote;
    let end = bytes.iter().skip(begin).position(is_end).map_or(bytes.len(), |length| begin + length);
    Some([value.get(..begin)?, &public(value.get(begin..end)?)?, value.get(end..)?].concat())
}

/// `Link` with the URLs of its links changed (RFC 8288 §3): what stands in angle brackets, but not in quotes.
fn links_with(value: &str, public: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (mut text, mut copied) = (String::new(), 0);
    let (mut is_quoted, mut is_escaped, mut begins_at) = (false, false, None);
    for (at, byte) in value.bytes().enumerate() {
        match (byte, begins_at) {
            _ if is_escaped => is_escaped = false,
            (b'\\', None) if is_quoted => is_escaped = true,
            (b'"', None) => is_quoted = !is_quoted,
            (b'<', None) if !is_quoted => begins_at = Some(at + 1),
            (b'>', Some(begin)) => {
                begins_at = None;
                if let Some(url) = value.get(begin..at).and_then(public) {
                    text.push_str(value.get(copied..begin)?);
                    text.push_str(&url);
                    copied = at;
                }
            }
            _ => {}
        }
    }
    (copied > 0).then(|| text + value.get(copied..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(fields: &[(&str, &str)]) -> Request {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        Request {
            method: Method::GET,
            target: Target::parse("https://www.example.com/a?b").unwrap(),
            headers,
            has_body: false,
            id: "1".to_owned(),
        }
    }

    fn origin() -> config::Origin {
        config::Origin { url: Target::parse("http://127.0.0.1:8080/").unwrap() }
    }

    #[test]
    fn an_operators_session_never_reaches_the_origin() {
        for (sent, expected) in [
            ("__Host-holdfast=1.ab", None),
            ("a=b; __Host-holdfast=1.ab; c=d", Some("a=b; c=d")),
            ("a=__Host-holdfast", Some("a=__Host-holdfast")),
            ("__Host-holdfastish=1", Some("__Host-holdfastish=1")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(sent));
            drop_session(&mut headers);
            assert_eq!(headers.get(header::COOKIE).map(|value| value.to_str().unwrap()), expected, "{sent}");
        }
    }

    #[test]
    fn a_page_that_is_to_be_looked_into_is_asked_for_in_a_coding_that_can_be_undone() {
        let plain = Cache::default();
        let must_contain = Cache { must_contain: Some("</html>".to_owned()), ..Cache::default() };
        for (sent, expected) in [
            ("br, gzip", "gzip"),
            ("GZIP;q=0.5, zstd", "gzip"),
            ("gzip; Q=0, br", "identity"),
            ("br", "identity"),
            ("xgzip", "identity"),
        ] {
            let request = request(&[("accept-encoding", sent)]);
            let asked = |settings| forward(&request, None, settings).headers["accept-encoding"].clone();
            assert_eq!(asked(Some(&must_contain)), expected, "{sent}");
            assert_ne!(asked(Some(&plain)), "identity", "{sent}");
            assert_eq!(asked(None), sent);
        }
        assert!(!forward(&request(&[]), None, Some(&must_contain)).headers.contains_key("accept-encoding"));
    }

    #[test]
    fn what_the_client_says_of_its_origin_is_set_and_not_trusted() {
        let request = request(&[
            ("host", "evil.example"),
            ("forwarded", "for=1.2.3.4"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "gopher"),
            ("cf-connecting-ip", "192.0.2.7"),
            ("connection", "x-once, keep-alive"),
            ("x-once", "1"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
        ]);
        let sent = forward(&request, Some(&origin()), None);
        assert_eq!(sent.url, "http://127.0.0.1:8080/a?b");
        let value = |name: &str| sent.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(value("x-forwarded-for"), Some("192.0.2.7"));
        assert_eq!(value("x-forwarded-host"), Some("www.example.com"));
        assert_eq!(value("x-forwarded-proto"), Some("https"));
        assert_eq!(value("via"), Some("1.1 holdfast"));
        for name in ["host", "forwarded", "connection", "x-once", "te", "upgrade"] {
            assert_eq!(value(name), None, "{name}");
        }
    }

    #[test]
    fn a_fetch_that_fills_the_cache_carries_nothing_that_could_change_it() {
        let request = request(&[
            ("x-http-method-override", "DELETE"),
            ("x-original-url", "/admin"),
            ("cookie", "_ga=1; _ga_XYZ=2; _gid=3"),
            ("accept-language", "de"),
            ("x-theme", "dark"),
        ]);
        let sent = forward(&request, None, Some(&Cache::default()));
        for name in ["x-http-method-override", "x-original-url", "cookie"] {
            assert!(!sent.headers.contains_key(name), "{name}");
        }
        assert!(!sent.identified);
        assert_eq!(sent.unkeyed, [("x-theme".parse().unwrap(), Bearing::Unfamiliar)]);
        let passed = forward(&request, None, None);
        assert!(
            passed.headers.contains_key("cookie") && passed.headers.contains_key("x-http-method-override")
        );
    }

    #[test]
    fn a_directive_that_is_not_registered_is_the_clients_own_choice() {
        for (line, harmless) in [
            ("no-cache, max-age=0", true),
            ("Max-Age=60", true),
            ("max-age=60, x", false),
            ("max-age=x", false),
            ("max-age=\u{e4}", false),
            ("\u{e4}", false),
        ] {
            let sent = forward(&request(&[("cache-control", line)]), None, Some(&Cache::default()));
            assert_eq!(sent.unkeyed.is_empty(), harmless, "{line}");
        }
    }

    #[test]
    fn a_cookie_that_could_identify_somebody_is_sent_and_noticed() {
        let request = request(&[("cookie", "_ga=1; sid=abc; _gid=3"), ("cookie", "lang=de")]);
        let sent = forward(&request, None, Some(&Cache::default()));
        assert_eq!(sent.headers["cookie"], "sid=abc; lang=de");
        assert!(sent.identified);
    }

    #[test]
    fn a_request_that_was_here_before_is_known_by_either_mark() {
        let first = request(&[]);
        assert!(!has_been_here(&first));
        let sent = forward(&first, None, None);
        let back = |names: &[HeaderName]| {
            let mut headers = (*sent.headers).clone();
            headers.retain_only(names);
            Request { headers, ..first.clone() }
        };
        assert!(has_been_here(&back(&[HOP])));
        assert!(has_been_here(&back(&[CDN_LOOP])));
        let elsewhere = Target::parse("https://origin.example.com/a").unwrap();
        assert!(!has_been_here(&Request { target: elsewhere, ..back(&[HOP, CDN_LOOP]) }));
        assert!(!has_been_here(&request(&[("cdn-loop", "cloudflare; loops=1, www.example.com")])));
    }

    trait RetainOnly {
        fn retain_only(&mut self, names: &[HeaderName]);
    }

    impl RetainOnly for HeaderMap {
        fn retain_only(&mut self, names: &[HeaderName]) {
            let others: Vec<_> = self.keys().filter(|name| !names.contains(name)).cloned().collect();
            for name in others {
                self.remove(name);
            }
        }
    }

    /// Two origins: one on a port of its own, one on its scheme's.
    fn origins() -> [config::Origin; 2] {
        let other = config::Origin { url: Target::parse("https://Second.internal/").unwrap() };
        [origin(), other]
    }

    fn made_public(name: &str, value: &str) -> Option<String> {
        let name = HeaderName::try_from(name).unwrap();
        let mut headers = HeaderMap::from_iter([(name.clone(), HeaderValue::try_from(value).unwrap())]);
        let changed = make_public(&mut headers, &origins(), &request(&[]));
        let text = |value: &HeaderValue| str::from_utf8(value.as_bytes()).unwrap().to_owned();
        match changed.as_slice() {
            [] => assert_eq!(text(&headers[&name]), value),
            changed => assert_eq!(changed, [(name.clone(), headers[&name].clone())]),
        }
        changed.first().map(|(_, value)| text(value))
    }

    #[test]
    fn a_location_at_any_origin_points_at_the_public_host() {
        for (location, public) in [
            ("http://127.0.0.1:8080/x?y#z", Some("https://www.example.com/x?y#z")),
            ("//127.0.0.1:8080/x", Some("https://www.example.com/x")),
            ("HTTP://127.0.0.1:8080/x", Some("https://www.example.com/x")),
            ("https://127.0.0.1:8080/x", Some("https://www.example.com/x")),
            (" http://127.0.0.1:8080/x ", Some("https://www.example.com/x")),
            ("http://127.0.0.1:8080", Some("https://www.example.com/")),
            ("http://127.0.0.1:8080?a", Some("https://www.example.com/?a")),
            ("http://127.0.0.1:8080#a", Some("https://www.example.com/#a")),
            ("http://me:secret@127.0.0.1:8080/x", Some("https://www.example.com/x")),
            (
                "http://127.0.0.1:8080/a/../%2e/\u{e4}?b=http://127.0.0.1:8080/",
                Some("https://www.example.com/a/../%2e/\u{e4}?b=http://127.0.0.1:8080/"),
            ),
            ("https://second.INTERNAL/x", Some("https://www.example.com/x")),
            ("https://second.internal:443/x", Some("https://www.example.com/x")),
            ("http://second.internal/x", Some("https://www.example.com/x")),
            ("http://second.internal:80/x", Some("https://www.example.com/x")),
            ("//second.internal/x", Some("https://www.example.com/x")),
            ("http://second.internal:443/x", None),
            ("https://second.internal:8443/x", None),
            ("/x", None),
            ("x?http://127.0.0.1:8080/", None),
            ("http://127.0.0.1/x", None),
            ("http://127.0.0.1:8080.example/x", None),
            ("http://127.0.0.1:8080@evil.example/x", None),
            ("https://other.example/x", None),
            ("https://www.example.com/x", None),
            ("ftp://127.0.0.1:8080/x", None),
            ("mailto:a@127.0.0.1:8080", None),
            ("", None),
        ] {
            for name in ["location", "content-location"] {
                assert_eq!(made_public(name, location).as_deref(), public, "{location}");
            }
        }
    }

    #[test]
    fn refresh_points_at_the_public_host_in_each_of_its_forms() {
        // HTML, "shared declarative refresh steps"
        for (refresh, public) in [
            ("0; url=http://127.0.0.1:8080/x", Some("0; url=https://www.example.com/x")),
            ("5;URL=http://127.0.0.1:8080/x;y", Some("5;URL=https://www.example.com/x;y")),
            ("5,url = 'http://127.0.0.1:8080/x'", Some("5,url = 'https://www.example.com/x'")),
            (" 1.5 ; Url=\"//127.0.0.1:8080/x\" ", Some("1.5 ; Url=\"https://www.example.com/x\"")),
            ("0 http://127.0.0.1:8080/x", Some("0 https://www.example.com/x")),
            ("0; http://127.0.0.1:8080/x", Some("0; https://www.example.com/x")),
            ("0; url='/x' http://127.0.0.1:8080/x", None),
            ("0; url='http://127.0.0.1:8080/x", Some("0; url='https://www.example.com/x")),
            ("0; url=http://127.0.0.1:8080", Some("0; url=https://www.example.com/")),
            ("0; url=/x", None),
            ("0; url=", None),
            ("0; url", None),
            ("0;", None),
            ("30", None),
            ("", None),
            ("0; url=https://other.example/?http://127.0.0.1:8080/x", None),
        ] {
            assert_eq!(made_public("refresh", refresh).as_deref(), public, "{refresh}");
        }
    }

    #[test]
    fn links_at_any_origin_point_at_the_public_host() {
        // RFC 8288 §3
        let two =
            "<http://127.0.0.1:8080/a,b>; rel=\"next\", <https://second.internal/c>;rel=preload;as=style";
        let both =
            "<https://www.example.com/a,b>; rel=\"next\", <https://www.example.com/c>;rel=preload;as=style";
        let quoted = "</x>; title=\"a \\\" <http://127.0.0.1:8080/y>\", <http://127.0.0.1:8080/z>";
        let one = "</x>; title=\"a \\\" <http://127.0.0.1:8080/y>\", <https://www.example.com/z>";
        for (link, public) in [
            (two, Some(both)),
            (quoted, Some(one)),
            ("</x>; rel=next", None),
            ("<https://other.example/x>", None),
            ("<http://127.0.0.1:8080/x", None),
            ("http://127.0.0.1:8080/x>", None),
            ("\"<http://127.0.0.1:8080/x>", None),
            ("", None),
        ] {
            assert_eq!(made_public("link", link).as_deref(), public, "{link}");
        }
    }

    #[test]
    fn several_lines_of_links_become_one() {
        let mut headers = HeaderMap::new();
        for line in ["</x>; rel=next", "<http://127.0.0.1:8080/y>; rel=prev"] {
            headers.append(header::LINK, HeaderValue::from_static(line));
        }
        make_public(&mut headers, &origins(), &request(&[]));
        let lines: Vec<_> = headers.get_all(header::LINK).iter().collect();
        assert_eq!(lines, ["</x>; rel=next, <https://www.example.com/y>; rel=prev"]);
    }

    proptest! {
        #[test]
        fn no_harmless_cookie_is_ever_sent_to_fill_the_cache(
            names in prop::collection::vec("_ga|_ga_[A-Z]{3}|_gid|sid|lang", 0..6),
        ) {
            let line = names.iter().map(|name| format!("{name}=v")).collect::<Vec<_>>().join("; ");
            let sent = forward(&request(&[("cookie", &line)]), None, Some(&Cache::default()));
            let expected: Vec<_> = names.iter().filter(|name| !name.starts_with("_g")).collect();
            prop_assert_eq!(sent.identified, !expected.is_empty());
            let kept = sent.headers.get("cookie").map_or("", |value| value.to_str().unwrap()).to_owned();
            prop_assert!(!kept.contains("_g"));
            prop_assert_eq!(kept.matches("=v").count(), expected.len());
        }

        #[test]
        fn what_is_public_stays_as_it_is(value in "([ -~\u{e4}]|http://127[.]0[.]0[.]1:8080/|[<>\"';,=\\\\]|url){0,12}") {
            for name in ["location", "content-location", "refresh", "link"] {
                let mut headers = HeaderMap::from_iter([(
                    HeaderName::from_static(name),
                    HeaderValue::try_from(&value).unwrap(),
                )]);
                make_public(&mut headers, &origins(), &request(&[]));
                prop_assert!(make_public(&mut headers, &origins(), &request(&[])).is_empty(), "{:?}", headers);
            }
        }
    }
}
