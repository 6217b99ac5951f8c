//! Request fields outside `Vary`. May an answer be stored if the client sent a field that `Vary` does not name?
//!
//! Only `Vary` says which fields select an answer (RFC 9111 §4.1), and an origin that permits storage must send it.
//! Many origins do not, so fields are divided into three classes ([`FieldClass`]) by name and by the form of the value.
//! A value that no browser writes into a browser's field suggests an attack.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;

use http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERER};

use super::key::Vary;
use crate::fields::Edits;
use crate::request::{Request, Target};
use crate::time::Timestamp;

/// No ordinary visitor sends longer values, in bytes.
const LONGEST: usize = 512;

/// The meaning of a request field that `Vary` does not name, for storing the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldClass {
    /// Ordinary visitors send it. It changes an answer only if `Vary` says so.
    Harmless,
    /// Unknown. The answer is stored only if it explicitly permits storage.
    Unfamiliar,
    /// The answer is not stored, for one of these reasons:
    ///
    /// - some origins change their answer by this field without naming it in `Vary`
    /// - the field belongs to one client
    /// - the value does not have the field's usual form
    Suspect,
}

/// The fields of a request that an origin gets and that could have changed its answer. They are told apart when that is
/// first asked: most answers are not stored, and nobody asks.
#[derive(Clone, Debug, Default)]
pub struct Unkeyed(Rc<Untold>);

#[derive(Debug, Default)]
struct Untold {
    request: Option<Rc<Request>>,
    /// The fields that the origin does not get as the client sent them.
    left_out: Rc<Edits>,
    list: OnceCell<Vec<(HeaderName, FieldClass)>>,
}

impl Unkeyed {
    /// Those of `request`, less what `edits` take off. Of cookies it is only asked whether their line, as it is sent, has
    /// markup.
    pub fn of(request: Rc<Request>, edits: Rc<Edits>) -> Self {
        Self(Rc::new(Untold { request: Some(request), left_out: edits, list: OnceCell::new() }))
    }
}

impl Deref for Unkeyed {
    type Target = [(HeaderName, FieldClass)];

    fn deref(&self) -> &Self::Target {
        let Untold { request, left_out, list } = &*self.0;
        list.get_or_init(|| request.as_ref().map_or_else(Vec::new, |request| told_apart(request, left_out)))
    }
}

impl From<Vec<(HeaderName, FieldClass)>> for Unkeyed {
    fn from(list: Vec<(HeaderName, FieldClass)>) -> Self {
        Self(Rc::new(Untold { list: list.into(), ..Untold::default() }))
    }
}

fn told_apart(request: &Request, edits: &Edits) -> Vec<(HeaderName, FieldClass)> {
    let class = |name: &HeaderName| match *name {
        COOKIE if edits.first(&request.headers, name).is_some_and(has_markup) => FieldClass::Suspect,
        COOKIE => FieldClass::Harmless,
        _ => of(name, request),
    };
    let (is_left_out, mut list, mut known) = (edits.takes_off(), Vec::new(), None);
    for (name, value) in &request.headers {
        // Another line of a field that was classified, or a harmless line of most fields.
        if known == Some(name) || is_usual(name.as_str()) && !has_markup(value) {
            continue;
        }
        known = Some(name);
        let class = if is_left_out(name) { FieldClass::Harmless } else { class(name) };
        if class != FieldClass::Harmless {
            list.push((name.clone(), class));
        }
    }
    list
}

/// Classifies the field `name` of `request`, by all its lines.
pub fn of(name: &HeaderName, request: &Request) -> FieldClass {
    let lines = || request.headers.get_all(name).iter();
    let is_marked = || lines().any(has_markup);
    let fits = |is_form: fn(&str) -> bool| {
        lines().all(|line| line.len() <= LONGEST && line.to_str().is_ok_and(|text| is_form(text.trim())))
    };
    let name = name.as_str();
    if is_usual(name) {
        return if is_marked() { FieldClass::Suspect } else { FieldClass::Harmless };
    }
    if let Some((_, is_form, class)) = FORMS.iter().find(|(names, ..)| names.contains(&name)) {
        return if fits(*is_form) { *class } else { FieldClass::Suspect };
    }
    match name {
        "referer" => of_referer(request),
        "cache-control" | "pragma" if says_nothing_else(request, name) => FieldClass::Harmless,
        // Some frameworks answer a script with something other than a page.
        "x-requested-with" if fits(|text| text == "XMLHttpRequest") => FieldClass::Unfamiliar,
        "x-requested-with" if fits(is_app) => FieldClass::Harmless,
        "x-requested-with" => FieldClass::Suspect,
        _ if GEOGRAPHY.iter().any(|beginning| name.starts_with(beginning)) && fits(is_place) => {
            FieldClass::Unfamiliar
        }
        _ if is_suspect(name) || fits(is_address) || is_marked() => FieldClass::Suspect,
        _ => FieldClass::Unfamiliar,
    }
}

/// Whether only markup makes a field of this name suspect.
fn is_usual(name: &str) -> bool {
    USUAL.contains(&name) || name.starts_with("sec-ch-") || name.starts_with("sec-fetch-")
}

/// Fields that any browser or the platform may send.
const USUAL: [&str; 27] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cdn-loop",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-ew-via",
    "cf-ipcountry",
    "cf-ray",
    "cf-visitor",
    "device-memory",
    "dnt",
    "downlink",
    "dpr",
    "early-data",
    "ect",
    "holdfast-hop",
    "priority",
    "rtt",
    "save-data",
    "sec-gpc",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "viewport-width",
    "width",
];

/// Field names, the form of their values, and the class of a value in that form.
type Form = (&'static [&'static str], fn(&str) -> bool, FieldClass);
const FORMS: [Form; 9] = [
    // An empty body.
    (&["content-length"], |text| text == "0", FieldClass::Harmless),
    (&["origin"], is_origin, FieldClass::Harmless),
    (&["if-none-match", "if-range"], is_tag_or_date, FieldClass::Harmless),
    (&["if-modified-since"], is_date, FieldClass::Harmless),
    (&["range"], is_byte_range, FieldClass::Harmless),
    (&["purpose", "sec-purpose", "x-moz", "x-purpose"], is_prefetch, FieldClass::Harmless),
    (
        &[
            "baggage",
            "cf-request-id",
            "newrelic",
            "request-id",
            "sentry-trace",
            "traceparent",
            "tracestate",
            "uber-trace-id",
            "x-amzn-trace-id",
            "x-b3-parentspanid",
            "x-b3-sampled",
            "x-b3-spanid",
            "x-b3-traceid",
            "x-client-data",
            "x-cloud-trace-context",
            "x-correlation-id",
            "x-datadog-parent-id",
            "x-datadog-sampling-priority",
            "x-datadog-trace-id",
            "x-request-id",
            "x-trace-id",
        ],
        is_trace,
        FieldClass::Harmless,
    ),
    (&["content-type"], is_plain_type, FieldClass::Unfamiliar),
    // Next.js sends the current page here, and names the field in `Vary` where it matters.
    (&["next-url"], is_path, FieldClass::Unfamiliar),
];

/// Whether a value contains `<` or `>`, which no browser writes there and an origin might copy into a page.
pub fn has_markup(value: &HeaderValue) -> bool {
    value.as_bytes().iter().any(|byte| matches!(byte, b'<' | b'>'))
}

/// Whether a script that sent `request` from another site could read a response with these `headers`: the response
/// says which origins may read it.
pub fn is_readable(request: &Request, headers: &HeaderMap) -> bool {
    !request.headers.contains_key(ORIGIN) || Vary::suits_scripts(headers) || is_own_origin(request)
}

/// Whether `Origin` is the site's own.
fn is_own_origin(request: &Request) -> bool {
    let mut lines = request.headers.get_all(ORIGIN).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let target = &request.target;
    line.to_str().is_ok_and(|origin| origin == [target.scheme(), "://", target.authority()].concat())
}

/// Names, or beginnings of names, of fields that select another target, method, scheme, address or version at
/// origins, frameworks or proxies, or that identify a client. No browser sends them on its own.
const SUSPECT_BEGINNINGS: [&str; 55] = [
    "-method",
    "accept-charset",
    "akamai-",
    "base-url",
    "cdn-",
    "cf-",
    "client-ip",
    "content-",
    "destination",
    "fastly-",
    "forwarded",
    "from",
    "front-end",
    "http-",
    "http2-",
    "incap-",
    "max-forwards",
    "method",
    "profile",
    "proxy",
    "redirect",
    "request-uri",
    "surrogate-",
    "trailer",
    "transfer-",
    "translate",
    "true-client",
    "uri",
    "url",
    "x-accel",
    "x-akamai",
    "x-amz-",
    "x-arr-",
    "x-backend",
    "x-cluster",
    "x-client-ip",
    "x-debug",
    "x-envoy",
    "x-forward",
    "x-goog-",
    "x-host",
    "x-http",
    "x-invoke",
    "x-matched",
    "x-method",
    "x-middleware",
    "x-ms-",
    "x-nextjs",
    "x-now-",
    "x-orig",
    "x-proxy",
    "x-re",
    "x-sendfile",
    "x-url",
    "x-wap",
];

/// Parts of names with the same meaning.
const SUSPECT_PARTS: [&str; 22] = [
    "-cert",
    "-key",
    "-oidc",
    "account",
    "apikey",
    "auth",
    "cookie",
    "csrf",
    "dpop",
    "host",
    "jwt",
    "override",
    "passw",
    "real-ip",
    "remote-user",
    "scheme",
    "secret",
    "session",
    "ticket",
    "token",
    "user-",
    "xsrf",
];

/// Beginnings of the names under which Cloudflare reports a visitor's location, if the site enabled that.
const GEOGRAPHY: [&str; 5] = ["cf-ip", "cf-region", "cf-metro", "cf-postal", "cf-timezone"];

fn is_suspect(name: &str) -> bool {
    // CGI-like interfaces treat `_` and `-` alike.
    let dashed;
    let name = if name.contains('_') {
        dashed = name.replace('_', "-");
        dashed.as_str()
    } else {
        name
    };
    SUSPECT_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || SUSPECT_PARTS.iter().any(|part| name.contains(part))
}

/// The linking page. Browsers send other sites only its origin by default.
fn of_referer(request: &Request) -> FieldClass {
    let mut lines = request.headers.get_all(REFERER).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return FieldClass::Suspect };
    // A normalised URL has these percent-encoded.
    let is_normal = |text: &&str| !text.contains(['"', '\'', '`', ' ', '<', '>', '\\']);
    let Some(text) = line.to_str().ok().filter(is_normal) else { return FieldClass::Suspect };
    match Target::parse(text) {
        Some(referer) if referer.authority() == request.target.authority() => FieldClass::Harmless,
        Some(referer) if referer.path_and_query() == "/" => FieldClass::Harmless,
        Some(_) => FieldClass::Unfamiliar,
        // Phone apps: `android-app://…`.
        None if text.starts_with("android-app://") => FieldClass::Harmless,
        None => FieldClass::Suspect,
    }
}

/// Whether the field contains only registered request directives, with numbers as values. Others must be forwarded
/// (RFC 9111 §5.2).
fn says_nothing_else(request: &Request, name: &str) -> bool {
    const REGISTERED: [&str; 8] = [
        "max-age",
        "max-stale",
        "min-fresh",
        "no-cache",
        "no-store",
        "no-transform",
        "only-if-cached",
        "stale-if-error",
    ];
    let is_registered = |directive: &str| {
        let (word, number) = directive.split_once('=').unwrap_or((directive, "0"));
        REGISTERED.contains(&word.to_ascii_lowercase().as_str())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    request.headers.get_all(name).iter().all(|line| {
        line.to_str().is_ok_and(|line| line.split(',').all(|directive| is_registered(directive.trim())))
    })
}

fn is_origin(text: &str) -> bool {
    text == "null"
        || Target::parse(text).is_some_and(|target| {
            text.eq_ignore_ascii_case(&[target.scheme(), "://", target.authority()].concat())
        })
}

/// Accepts near-tags too: origins get back what they sent.
fn is_tag_or_date(text: &str) -> bool {
    let is_number = || {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=+".contains(&byte)) && has_digit(text)
    };
    text == "*" || text.contains('"') && !text.contains(['<', '>']) || is_number() || is_date(text)
}

fn is_date(text: &str) -> bool {
    Timestamp::parse_http_date(text).is_some()
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains(['<', '>', '"', '\\'])
}

/// A place name or a number.
fn is_place(text: &str) -> bool {
    !text.contains(['<', '>'])
        && (!is_address(text) || text.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte)))
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_byte_range(text: &str) -> bool {
    let spans = text.strip_prefix("bytes=").unwrap_or_default();
    !spans.is_empty() && spans.bytes().all(|byte| byte.is_ascii_digit() || b"-, ".contains(&byte))
}

fn is_prefetch(text: &str) -> bool {
    let words = text.split([';', ',', ' ', '=']).filter(|word| !word.is_empty());
    words.into_iter().all(|word| {
        ["prefetch", "prerender", "preview", "instant", "anonymous-client-ip", "tags"].contains(&word)
    })
}

/// An app's package name, which a web view sends.
fn is_app(text: &str) -> bool {
    let begins = ["com.", "org.", "net.", "io.", "de.", "app."].iter().any(|begin| text.starts_with(begin));
    begins && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
}

fn is_plain_type(text: &str) -> bool {
    let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
    let kinds = ["application/json", "application/x-www-form-urlencoded", "text/plain"];
    let parameters = parameters.trim().to_ascii_lowercase();
    kinds.contains(&kind.trim()) && ["", "charset=utf-8"].contains(&parameters.as_str())
}

/// Identifiers of traces and requests, which origins do not interpret.
fn is_trace(text: &str) -> bool {
    has_digit(text)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=,;:@+*/%. ".contains(&byte))
        && !text.contains("//")
}

/// A path, a URL, a host name or an IP address, and nothing else.
fn is_address(text: &str) -> bool {
    let is_one = !text.contains([' ', '\t']);
    let mut labels = text.split(['.', ':']).filter(|label| !label.is_empty());
    is_one
        && (text.contains(['/', '\\'])
            || text.contains(['.', ':'])
                && labels.all(|label| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> FieldClass {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        let request = Request { headers, ..Request::bare("GET", "https://www.example.com/a?b") };
        super::of(&name.parse().unwrap(), &request)
    }

    #[test]
    fn what_ordinary_visitors_send_is_harmless() {
        for (name, value) in [
            ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"),
            ("referer", "https://www.google.com/"),
            ("referer", "https://www.example.com/other?page=2"),
            ("referer", "android-app://com.google.android.gm/"),
            ("origin", "https://shop.example"),
            ("origin", "null"),
            ("if-none-match", "\"v1\""),
            ("if-none-match", "W/\"a/b+c==\", \"d\""),
            ("if-none-match", "5f3e-1a"),
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("range", "bytes=0-1, 4-"),
            ("if-range", "\"v1\""),
            ("purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("sec-purpose", "prefetch; anonymous-client-ip"),
            ("x-moz", "prefetch"),
            ("x-requested-with", "com.android.browser"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
            ("x-request-id", "7b1e6d3a-9d1b-4a75-9a55-2f1b8f0a8a11"),
            ("x-b3-traceid", "80f198ee56343ba864fe8b2a57d3eff7"),
            ("sentry-trace", "771a43a4192642f0b136d5159a501700-b9b0ec1d2c1f4e5d-1"),
            ("cache-control", "max-age=0"),
            ("pragma", "no-cache"),
            ("sec-fetch-mode", "navigate"),
        ] {
            assert_eq!(of(name, value), FieldClass::Harmless, "{name}: {value}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_to_vary() {
        for (name, value) in [
            ("x-requested-with", "XMLHttpRequest"),
            ("content-type", "application/json; charset=UTF-8"),
            ("referer", "https://other.example/with/a/path"),
            ("rsc", "1"),
            ("x-theme", "dark"),
            ("foo", "1"),
            ("test-name", "Does a cache reuse `Vary: *`, e.g. here (https://a.example/)?"),
            ("cache-control", "nothing-to-see-here"),
            ("cf-iplongitude", "-13.4"),
            ("cf-ipcity", "St. Gallen"),
        ] {
            assert_eq!(of(name, value), FieldClass::Unfamiliar, "{name}: {value}");
        }
    }

    #[test]
    fn what_no_visitor_sends_keeps_an_answer_out() {
        for (name, value) in [
            ("x-forwarded-path", "/evil"),
            ("x_forwarded_port", "1"),
            ("x-original-method", "PUT"),
            ("x-api-key", "1"),
            ("x-csrf-token", "1"),
            ("my-session", "1"),
            ("x-middleware-subrequest", "1"),
            ("x-rewrite", "1"),
            ("client-ip", "1"),
            ("cf-ipcity", "evil.example"),
            ("foo", "evil.example"),
            ("foo", "//evil"),
            ("foo", "/evil"),
            ("foo", "127.0.0.1"),
            ("foo", "evil:80"),
            ("foo", "a <b>"),
            ("accept", "<script>"),
            ("referer", "evil"),
            ("referer", "https://a.example/\"x"),
            ("origin", "https://a.example/path"),
            ("if-none-match", "\"><script>"),
            ("if-none-match", "evil"),
            ("if-modified-since", "evil"),
            ("range", "bytes=evil"),
            ("purpose", "evil"),
            ("x-requested-with", "evil.example"),
            ("x-request-id", "evil"),
            ("traceparent", "//evil1"),
            ("content-type", "text/evil"),
        ] {
            assert_eq!(of(name, value), FieldClass::Suspect, "{name}: {value}");
        }
    }
}
