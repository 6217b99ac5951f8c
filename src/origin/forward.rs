//! Request and response heads at the origin. Which fields does an origin get, and which of its fields must be
//! rewritten?
//!
//! The client's fields are not trusted. Fields about a request's provenance are set here, and hop-by-hop fields are
//! removed (RFC 9110 §7.6.1). If the answer may be stored, the origin gets only fields that are in the cache key or
//! cannot matter. Other fields are sent too but listed in [`Forward::unkeyed`], so the answer is stored only if its
//! `Vary` names them.

use std::rc::Rc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::cache::request_fields::Unkeyed;
use crate::cache::storable;
use crate::config::{self, Cache};
use crate::fields::{self, Edits, joined};
use crate::request::{CLIENT_ADDRESS, Request, Target, weight, without_userinfo};

/// Marks a retry towards the origin: the number of the attempt, from 2.
pub const ATTEMPT: HeaderName = HeaderName::from_static("holdfast-attempt");
/// The proxies that have handled the request (RFC 8586). The platform may own and rewrite it.
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");
/// The instances of this worker that have handled the request.
pub const HOP: HeaderName = HeaderName::from_static("holdfast-hop");

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// The operators' token on a request to the site; see [`endpoint`](crate::endpoint).
pub const TOKEN: HeaderName = HeaderName::from_static("holdfast-token");
/// The session cookie of an operator.
pub const SESSION: &str = "__Host-holdfast";
/// This worker's name in `Via` and `CDN-Loop`.
const PSEUDONYM: &str = "holdfast";

/// A request head, ready to send: the fields of a client's request, and what is changed in them.
#[derive(Clone, Debug)]
pub struct Forward {
    /// The absolute URL.
    pub url: String,
    /// The method.
    pub method: Method,
    /// The request whose fields these are.
    pub client: Rc<Request>,
    /// What is changed in them. Most reach the origin as they came.
    pub edits: Rc<Edits>,
    /// Fields that the client chose and that could have changed the answer, with their class; none where the answer is not
    /// stored.
    pub unkeyed: Unkeyed,
    /// Whether the answer may be stored.
    fills_cache: bool,
    /// Whether an identifying cookie is sent.
    pub identified: bool,
    /// Whether it asks to switch to WebSocket.
    pub is_upgrade: bool,
}

/// Builds the head of `request` for `origin`, or for the zone's own origin if `None`.
///
/// With `fills_cache`, the answer may be stored. Then harmless cookies and fields that override the method or target
/// are removed. If `cache.must_contain` is set, only a coding that the platform can decode is requested.
pub fn forward(
    request: &Rc<Request>,
    origin: Option<&config::Origin>,
    fills_cache: Option<&Cache>,
) -> Forward {
    let named = fields::connection_options(&request.headers);
    let mut edits = Edits::default();
    edits.set.reserve(MOST_SET);
    edits.append.reserve(MOST_APPENDED);
    let mut has_cookies = false;
    let mut known = None;
    for (name, value) in &request.headers {
        // Another line of a field with which all has been done.
        if known == Some(name) {
            continue;
        }
        known = Some(name);
        let kind = Kind::of(name);
        let is_left_out = kind == Kind::NotSent || kind == Kind::Override && fills_cache.is_some();
        if is_left_out || fields::concerns_one_connection(name, &named) {
            edits.remove.push(name.clone());
        } else if kind == Kind::Cookie {
            has_cookies = true;
        } else if kind == Kind::List
            && let Some(settings) = fills_cache
            && let Some(list) = compact(&request.headers, name)
        {
            let is_coding = settings.must_contain.is_some() && *name == header::ACCEPT_ENCODING;
            edits.set.push((name.clone(), if is_coding { readable_coding(&list) } else { list }));
        } else if is_as_it_came(value) {
            known = None;
        } else {
            keep_as_read(&mut edits, &request.headers, name);
        }
    }
    let is_upgrade = request.wants_websocket();
    if is_upgrade {
        edits.set.push((header::UPGRADE, HeaderValue::from_static("websocket")));
    }
    let identified = has_cookies && keep_cookies(&mut edits, &request.headers, fills_cache);
    set_provenance(&mut edits, request);
    let edits = Rc::new(edits);
    let unkeyed = || Unkeyed::of(Rc::clone(request), Rc::clone(&edits));
    Forward {
        url: url_at(origin, request),
        method: request.method.clone(),
        client: Rc::clone(request),
        unkeyed: fills_cache.map_or_else(Unkeyed::default, |_| unkeyed()),
        edits,
        fills_cache: fills_cache.is_some(),
        identified,
        is_upgrade,
    }
}

/// The URL of `request` at `origin`.
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
    pub fn to(&self, origin: Option<&config::Origin>) -> Self {
        Self {
            url: url_at(origin, &self.client),
            method: self.method.clone(),
            client: Rc::clone(&self.client),
            edits: Rc::clone(&self.edits),
            unkeyed: self.unkeyed.clone(),
            fills_cache: self.fills_cache,
            identified: self.identified,
            is_upgrade: self.is_upgrade,
        }
    }

    /// The fields that the origin gets.
    pub fn headers(&self) -> HeaderMap {
        self.edits.applied(&self.client.headers)
    }

    /// The head for validating a stored response: `conditions` replace the client's own conditions and range, which
    /// are then evaluated against the store.
    #[must_use]
    pub fn validating(mut self, conditions: Vec<(HeaderName, HeaderValue)>) -> Self {
        let edits = Rc::make_mut(&mut self.edits);
        for name in CONDITIONS {
            edits.take_off(&name);
        }
        edits.set.extend(conditions);
        if self.fills_cache {
            self.unkeyed = Unkeyed::of(Rc::clone(&self.client), Rc::clone(&self.edits));
        }
        self
    }

    /// Whether the answer may be for this client only: the head has credentials, an identifying cookie, or a field of
    /// the client's choice. With `validating`, conditions and ranges do not count.
    pub fn is_personal(&self, validating: bool) -> bool {
        self.identified
            || self.edits.first(&self.client.headers, &header::AUTHORIZATION).is_some()
            || self.unkeyed.iter().any(|(name, _)| !validating || !CONDITIONS.contains(name))
    }

    /// Has the origin get `value` in the place of all lines of `name`.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        Rc::make_mut(&mut self.edits).put(name, value);
    }

    /// Has the origin get no `name`.
    pub fn take_off(&mut self, name: &HeaderName) {
        Rc::make_mut(&mut self.edits).take_off(name);
    }

    /// Marks this head as attempt number `number`, from 2.
    pub fn mark_retry(&mut self, number: usize) {
        self.set(ATTEMPT, HeaderValue::from(number));
    }
}

/// Whether `request` has passed through this worker under the same host before: forwarding it would loop.
///
/// The host identifies the instance, because a site may have another site behind it that uses this worker too.
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

/// Fields that concern one answer only.
const CONDITIONS: [HeaderName; 4] =
    [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::RANGE, header::IF_RANGE];

/// How many fields are usually set and appended.
const MOST_SET: usize = 7;
const MOST_APPENDED: usize = 3;

/// How a client's field is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Set anew here, or only meant for the platform.
    NotSent,
    /// Some frameworks take it for the real method or target. In a fetch that fills the cache, one client could
    /// choose everybody's answer.
    Override,
    /// Cookies.
    Cookie,
    /// A list that is sent in the normalised form of the cache key.
    List,
    /// Any other field, classified by [`Unkeyed`].
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

fn set_provenance(edits: &mut Edits, request: &Request) {
    let host = request.target.authority();
    if let Ok(value) = HeaderValue::from_str(host) {
        edits.set.push((X_FORWARDED_HOST, value.clone()));
        edits.append.push((HOP, value));
    }
    if let Ok(value) = HeaderValue::from_str(request.target.scheme()) {
        edits.set.push((X_FORWARDED_PROTO, value));
    }
    if let Some(address) = edits.first(&request.headers, &CLIENT_ADDRESS).cloned() {
        edits.set.push((X_FORWARDED_FOR, address.clone()));
        edits.set.push((X_REAL_IP, address));
    }
    if let Ok(value) = HeaderValue::from_str(&[host, ";by=", PSEUDONYM].concat()) {
        edits.append.push((CDN_LOOP, value));
    }
    edits.append.push((header::VIA, HeaderValue::from_static("1.1 holdfast")));
}

/// Whether a value from the platform is certainly the one that was sent. The platform joins several lines of a field,
/// and replaces invalid UTF-8. Values that are equal here must be equal at the origin too, because the store compares
/// them here.
fn is_as_it_came(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.is_ascii() && !(bytes.contains(&b',') && bytes.windows(2).any(|pair| pair == b", "))
}

/// Has the lines of `name` sent as they were read.
fn keep_as_read(edits: &mut Edits, headers: &HeaderMap, name: &HeaderName) {
    for (at, value) in headers.get_all(name).iter().enumerate() {
        let list = if at == 0 { &mut edits.set } else { &mut edits.append };
        list.push((name.clone(), value.clone()));
    }
}

/// The coding to request if the body must be read: the platform can decode only gzip.
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

/// The list in the form of the cache key, so that lists with one key are equal at the origin too.
fn compact(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    joined(headers, name).and_then(|list| HeaderValue::try_from(fields::compact(&list)).ok())
}

/// Leaves out cookies that do not concern the origin: the operator's session, which does not identify a visitor, and with
/// `fills_cache` all that are harmless. What is left is one line then. Whether that identifies a visitor.
fn keep_cookies(edits: &mut Edits, headers: &HeaderMap, fills_cache: Option<&Cache>) -> bool {
    let lines = || headers.get_all(header::COOKIE).iter();
    let cookies =
        || lines().flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    if fills_cache.is_none() && !cookies().any(is_session) {
        if !lines().all(is_as_it_came) {
            keep_as_read(edits, headers, &header::COOKIE);
        }
        return false;
    }
    let is_kept = |cookie: &&[u8]| {
        !is_session(cookie) && fills_cache.is_none_or(|settings| is_identifying(cookie, settings))
    };
    let kept = cookies().filter(is_kept).collect::<Vec<_>>().join(&b"; "[..]);
    match HeaderValue::from_bytes(&kept).ok().filter(|value| !value.is_empty()) {
        Some(value) => {
            edits.set.push((header::COOKIE, value));
            fills_cache.is_some()
        }
        None => {
            edits.remove.push(header::COOKIE);
            false
        }
    }
}

fn is_session(cookie: &[u8]) -> bool {
    cookie.split(|byte| *byte == b'=').next() == Some(SESSION.as_bytes())
}

/// Whether a cookie may identify a visitor. One whose name is not UTF-8 counts as identifying.
fn is_identifying(cookie: &[u8], settings: &Cache) -> bool {
    let name = cookie.split(|&byte| byte == b'=').next().unwrap_or_default().trim_ascii();
    let is_harmless =
        std::str::from_utf8(name).is_ok_and(|name| storable::is_harmless_cookie(name, settings));
    // The platform joins lines with commas, so another cookie may follow a comma.
    !cookie.is_empty() && (!is_harmless || cookie.contains(&b','))
}

/// Rewrites URLs that point to the host of one of `origins` so that they point to the public host. Returns the fields
/// that changed, of `Location`, `Content-Location`, `Refresh` and `Link`.
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

/// The public URL for a URL at one of `origins`; `None` if it needs no change.
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

/// The server of a URL: the host, and the port unless it is the scheme's default.
struct Server<'a> {
    host: &'a str,
    port: &'a str,
}

impl<'a> Server<'a> {
    fn of(scheme: &str, authority: &'a str) -> Self {
        let server = without_userinfo(authority);
        let is_port = |(_, port): &(&str, &str)| port.bytes().all(|byte| byte.is_ascii_digit());
        let (host, port) = server.rsplit_once(':').filter(is_port).unwrap_or((server, ""));
        let own = if scheme.eq_ignore_ascii_case("http") { "80" } else { "443" };
        Self { host, port: if port == own { "" } else { port } }
    }

    /// `http` and `https` count as equal if both use their default ports.
    fn is(&self, other: Self) -> bool {
        self.host.eq_ignore_ascii_case(other.host) && self.port == other.port
    }
}

/// `Refresh` with its URL rewritten, parsed as in the HTML Standard: seconds, a separator, and a URL with optional
/// `url=` and quotes.
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

/// `Link` with its URLs rewritten (RFC 8288 §3): those in angle brackets and outside quotes.
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
mod tests;
