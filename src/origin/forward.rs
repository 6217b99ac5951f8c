//! Request and response heads at the origin. Which fields does an origin get, and which of its fields must be
//! rewritten?
//!
//! The client's fields are not trusted. Fields about a request's provenance are set here, and hop-by-hop fields are
//! removed (RFC 9110 §7.6.1). If the answer may be stored, the origin gets only fields that are in the cache key or
//! cannot matter. Other fields are sent too but listed in [`Forward::unkeyed`], so the answer is stored only if its
//! `Vary` names them.

use std::rc::Rc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::cache::request_fields::{self, FieldClass};
use crate::cache::storable;
use crate::config::{self, Cache};
use crate::fields::{self, joined};
use crate::request::{Request, Target, weight, without_userinfo};

/// Marks a retry towards the origin: the number of the attempt, from 2.
pub const ATTEMPT: HeaderName = HeaderName::from_static("holdfast-attempt");
/// The proxies that have handled the request (RFC 8586). The platform may own and rewrite it.
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");
/// The instances of this worker that have handled the request.
pub const HOP: HeaderName = HeaderName::from_static("holdfast-hop");

const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("cf-connecting-ip");
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

/// A request head, ready to send.
#[derive(Clone, Debug)]
pub struct Forward {
    /// The absolute URL.
    pub url: String,
    /// The method.
    pub method: Method,
    /// The header fields.
    pub headers: Rc<HeaderMap>,
    /// Fields that the client chose and that could have changed the answer, with their class.
    pub unkeyed: Vec<(HeaderName, FieldClass)>,
    /// Whether an identifying cookie is sent.
    pub identified: bool,
    /// Whether it asks to switch to WebSocket.
    pub is_upgrade: bool,
}

/// Builds the head of `request` for `origin`, or for the zone's own origin if `None`.
///
/// With `fills_cache`, the answer may be stored. Then harmless cookies and fields that override the method or target
/// are removed. If `cache.must_contain` is set, only a coding that the platform can decode is requested.
pub fn forward(request: &Request, origin: Option<&config::Origin>, fills_cache: Option<&Cache>) -> Forward {
    let named = fields::connection_options(&request.headers);
    let mut headers = HeaderMap::with_capacity(request.headers.len() + MOST_ADDED);
    let mut unkeyed: Vec<(HeaderName, FieldClass)> = Vec::new();
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
                let class = request_fields::of(name, request);
                unkeyed.extend((class != FieldClass::Harmless).then(|| (name.clone(), class)));
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
            unkeyed.extend(marked.map(|_| (header::COOKIE, FieldClass::Suspect)));
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

    /// The head for validating a stored response: `conditions` replace the client's own conditions and range, which
    /// are then evaluated against the store.
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

    /// Whether the answer may be for this client only: the head has credentials, an identifying cookie, or a field of
    /// the client's choice. With `validating`, conditions and ranges do not count.
    pub fn is_personal(&self, validating: bool) -> bool {
        self.identified
            || self.headers.contains_key(header::AUTHORIZATION)
            || self.unkeyed.iter().any(|(name, _)| !validating || !CONDITIONS.contains(name))
    }

    /// Marks this head as attempt number `number`, from 2.
    pub fn mark_retry(&mut self, number: usize) {
        Rc::make_mut(&mut self.headers).insert(ATTEMPT, HeaderValue::from(number));
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

/// The capacity for the fields of [`set_provenance`] and the retry mark.
const MOST_ADDED: usize = 8;

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
    /// Any other field, classified by [`request_fields::of`].
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

/// Removes the operator's session cookie: it does not concern the origin and does not identify a visitor.
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

/// Keeps only identifying cookies, in one line. A name that is not UTF-8 counts as identifying.
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
        // The platform joins lines with commas, so another cookie may follow a comma.
        !cookie.is_empty() && (!is_harmless || cookie.contains(&b','))
    })
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
