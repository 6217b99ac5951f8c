//! The endpoints of Holdfast itself. Is a request for one of them, and may the client use it?
//!
//! Everything at and below `/.well-known/holdfast` (RFC 8615 §3) is answered here and never reaches an origin. If no token
//! is configured, only `health` exists, which shows nothing secret, and `public`, where the operator has opened it.
//!
//! - Orders need the token in a header field. A cookie does not do, so that no other site can make an operator's browser
//!   give an order. Requests from another site are refused as well.
//! - Views may also be read with a session's cookie (`SameSite=Strict`).

pub mod guesses;
pub mod order;
pub mod reply;
pub mod session;

use http::{HeaderMap, HeaderName, Method, header};

use crate::config::Token;
use crate::origin::forward::TOKEN;
use crate::request::{Request, Target};
use crate::time::Timestamp;
use order::LONGEST_ORDER;
use reply::Reply;
use session::LONGEST_FORM;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where all endpoints are.
pub const HERE: &str = "/.well-known/holdfast";

/// What a request to Holdfast itself asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Whether this worker is alive, and what is bound.
    Health,
    /// The dashboard, or the same as JSON.
    Status,
    /// What Prometheus reads.
    Metrics,
    /// To begin a session in a browser.
    Login,
    /// To end it.
    Logout,
    /// To purge stored responses, softly or hard.
    Purge,
    /// The page that tells visitors how the site is.
    Public,
    /// Something that there is not.
    Unknown,
}

/// Whether whoever asks is an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The token was shown.
    Granted,
    /// A session's cookie was shown, and no token: enough to look, not to give orders.
    Session,
    /// Something else was shown for the token.
    Wrong,
    /// Nothing was shown.
    Denied,
    /// There is no token that could be shown: the endpoints do not exist.
    Absent,
}

/// Which endpoint `request` is for; `None` if it is for the site.
///
/// Paths are compared byte by byte, as the keys of the store are.
pub fn of(request: &Request) -> Option<Endpoint> {
    match request.target.path().strip_prefix(HERE)? {
        "/health" => Some(Endpoint::Health),
        "/status" => Some(Endpoint::Status),
        "/metrics" => Some(Endpoint::Metrics),
        "/login" => Some(Endpoint::Login),
        "/logout" => Some(Endpoint::Logout),
        "/purge" => Some(Endpoint::Purge),
        "/public" => Some(Endpoint::Public),
        rest if rest.is_empty() || rest.starts_with('/') => Some(Endpoint::Unknown),
        _ => None,
    }
}

/// Whether an endpoint may be used by whoever sends these fields: the token stands in [`TOKEN`], or after
/// `Bearer` in `Authorization` (RFC 6750 §2.1), or a session is under way. `token` is `None` if none is configured.
pub fn access(headers: &HeaderMap, token: Option<&Token>, now: Timestamp) -> Access {
    let Some(token) = token else { return Access::Absent };
    let bearer = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
    let mut shown = bearer.chain(headers.get_all(&TOKEN).iter().map(|value| value.as_bytes())).peekable();
    match (shown.peek().is_some(), session::is_under_way(headers, token, now)) {
        (true, _) if shown.any(|shown| token.is(shown)) => Access::Granted,
        (true, _) => Access::Wrong,
        (false, true) => Access::Session,
        (false, false) => Access::Denied,
    }
}

/// Whether a request to the site comes from an operator, who may be told more. `Authorization` is the site's own
/// there, and is not looked at, nor is a session's cookie.
pub fn site_access(headers: &HeaderMap, token: Option<&Token>) -> Access {
    let Some(token) = token else { return Access::Absent };
    let mut shown = headers.get_all(&TOKEN).iter().map(|value| value.as_bytes()).peekable();
    match shown.peek().is_some() {
        false => Access::Denied,
        true if shown.any(|shown| token.is(shown)) => Access::Granted,
        true => Access::Wrong,
    }
}

/// The credentials behind `Bearer`, a scheme in any case (RFC 9110 §11.1) and one or more spaces.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer".len())?;
    (scheme.eq_ignore_ascii_case(b"Bearer") && token.starts_with(b" ")).then(|| token.trim_ascii())
}

impl Endpoint {
    /// Whether `request` may have what it asks for, as far as its head tells; otherwise the answer to it. Its
    /// body, of which at most [`LONGEST_ORDER`] or [`LONGEST_FORM`] bytes are accepted, is of no interest before.
    pub fn admit(self, request: &Request, access: Access) -> Result<(), Reply> {
        let method = |allowed: &[Method], allow| {
            if allowed.contains(&request.method) { Ok(()) } else { Err(Reply::MethodNotAllowed(allow)) }
        };
        match (self, access) {
            (Self::Health, _) => method(&[Method::GET, Method::HEAD], "GET, HEAD"),
            (Self::Unknown | Self::Public, _) | (_, Access::Absent) => Err(Reply::NotFound),
            (Self::Status | Self::Metrics, Access::Granted | Access::Session) => {
                method(&[Method::GET, Method::HEAD], "GET, HEAD")
            }
            // A browser leaves the cookie out where a page of another site leads here: it is to ask once more by itself.
            (Self::Status | Self::Metrics, _) => {
                Err(Reply::Unauthorized { goes_on: access == Access::Denied && is_cross_site(request) })
            }
            (Self::Login, _) if matches!(request.method, Method::GET | Method::HEAD) => Ok(()),
            (Self::Purge | Self::Login | Self::Logout, _) if is_cross_site(request) => Err(Reply::CrossSite),
            (Self::Login, _) => {
                method(&[Method::POST], "GET, HEAD, POST")?;
                let is_form = has_type(&request.headers, b"application/x-www-form-urlencoded");
                match (is_form, announces_more_than(LONGEST_FORM, &request.headers)) {
                    (false, _) => Err(Reply::UnsupportedMediaType("application/x-www-form-urlencoded")),
                    (true, true) => Err(Reply::TooLarge),
                    (true, false) => Ok(()),
                }
            }
            (Self::Logout, _) => method(&[Method::POST], "POST"),
            (Self::Purge, Access::Session | Access::Wrong | Access::Denied) => {
                Err(Reply::Unauthorized { goes_on: false })
            }
            (Self::Purge, Access::Granted) => {
                method(&[Method::POST], "POST")?;
                let is_json = has_type(&request.headers, b"application/json");
                match (is_json, announces_more_than(LONGEST_ORDER, &request.headers)) {
                    (false, _) => Err(Reply::UnsupportedMediaType("application/json")),
                    (true, true) => Err(Reply::TooLarge),
                    (true, false) => Ok(()),
                }
            }
        }
    }
}

/// Whether a browser sends this for a page of somebody else (Fetch Metadata §2.3, RFC 6454 §7). Clients that are
/// no browsers say nothing, and are not.
fn is_cross_site(request: &Request) -> bool {
    let is_own_site = |value: &[u8]| [b"same-origin".as_slice(), b"none"].contains(&value.trim_ascii());
    let is_own_host = |value: &[u8]| {
        let origin = std::str::from_utf8(value).ok().and_then(|value| Target::parse(value.trim_ascii()));
        origin.is_some_and(|origin| origin.authority().eq_ignore_ascii_case(request.target.authority()))
    };
    let all = |name, is_own: &dyn Fn(&[u8]) -> bool| {
        request.headers.get_all(name).iter().all(|value| is_own(value.as_bytes()))
    };
    !all(SEC_FETCH_SITE, &is_own_site) || !all(header::ORIGIN, &is_own_host)
}

/// Whether the one `Content-Type` is `kind`, whatever its parameters.
fn has_type(headers: &HeaderMap, kind: &[u8]) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let essence = line.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(kind)
}

/// Whether `Content-Length` says that the body is longer than that, or is no length.
fn announces_more_than(most: usize, headers: &HeaderMap) -> bool {
    let length = |value: &http::HeaderValue| value.to_str().ok()?.trim().parse::<usize>().ok();
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter().map(length);
    lengths.any(|length| length.is_none_or(|length| length > most))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://example.com/.well-known/holdfast/purge";
    const JSON: (&str, &str) = ("content-type", "application/json");

    fn fields(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn request(method: &str, url: &str, headers: &[(&'static str, &str)]) -> Request {
        Request { headers: fields(headers), has_body: true, ..Request::bare(method, url) }
    }

    const SECRET: &str = "open-sesame-open-sesame";
    const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_000);

    fn token() -> Token {
        Token::new(SECRET).unwrap()
    }

    fn cookie(token: &Token, now: Timestamp) -> String {
        let line = session::begin(token, now);
        line.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    #[test]
    fn what_is_below_the_well_known_path_never_reaches_the_origin() {
        for (path, endpoint) in [
            ("/.well-known/holdfast/purge", Some(Endpoint::Purge)),
            ("/.well-known/holdfast/purge?all", Some(Endpoint::Purge)),
            ("/.well-known/holdfast/health", Some(Endpoint::Health)),
            ("/.well-known/holdfast/status?x", Some(Endpoint::Status)),
            ("/.well-known/holdfast/metrics", Some(Endpoint::Metrics)),
            ("/.well-known/holdfast/public", Some(Endpoint::Public)),
            ("/.well-known/holdfast/login", Some(Endpoint::Login)),
            ("/.well-known/holdfast/logout", Some(Endpoint::Logout)),
            ("/.well-known/holdfast/status/", Some(Endpoint::Unknown)),
            ("/.well-known/holdfast", Some(Endpoint::Unknown)),
            ("/.well-known/holdfast?", Some(Endpoint::Unknown)),
            ("/.well-known/holdfast/", Some(Endpoint::Unknown)),
            ("/.well-known/holdfast/purge/", Some(Endpoint::Unknown)),
            ("/.well-known/holdfast/PURGE", Some(Endpoint::Unknown)),
            ("/.well-known/holdfast/cache/1/https/example.com/", Some(Endpoint::Unknown)),
            ("/.well-known/holdfastish", None),
            ("/.well-known/holdfast-purge", None),
            ("/.well-known/holdfast%2Fpurge", None),
            ("/.well-known/security.txt", None),
            ("/a/.well-known/holdfast/purge", None),
            ("/?/.well-known/holdfast/purge", None),
            ("/", None),
        ] {
            let request = request("GET", &format!("https://example.com{path}"), &[]);
            assert_eq!(of(&request), endpoint, "{path}");
        }
    }

    #[test]
    fn only_the_token_opens_an_endpoint_and_a_session_those_that_show() {
        use Access::{Denied, Granted, Session, Wrong};
        let session = cookie(&token(), NOW);
        let expired = cookie(&token(), NOW.minus(session::LASTS));
        let others = cookie(&Token::new("open-sesame-open-sesamE").unwrap(), NOW);
        let longer = session.replacen("=1", "=2", 1);
        for (field, access_to_endpoint, on_site) in [
            (("authorization", "Bearer open-sesame-open-sesame"), Granted, Denied),
            (("authorization", "bearer   open-sesame-open-sesame "), Granted, Denied),
            (("holdfast-token", "open-sesame-open-sesame"), Granted, Granted),
            (("authorization", "open-sesame-open-sesame"), Denied, Denied),
            (("authorization", "Beareropen-sesame-open-sesame"), Denied, Denied),
            (("authorization", "Basic open-sesame-open-sesame"), Denied, Denied),
            (("authorization", "Bearer"), Denied, Denied),
            (("authorization", "Bearer open"), Wrong, Denied),
            (("authorization", ""), Denied, Denied),
            (("holdfast-token", "Bearer open-sesame-open-sesame"), Wrong, Wrong),
            (("holdfast-token", ""), Wrong, Wrong),
            (("cookie", "holdfast-token=open-sesame-open-sesame"), Denied, Denied),
            (("cookie", "__Host-holdfast=open-sesame-open-sesame"), Denied, Denied),
            (("cookie", &session), Session, Denied),
            (("cookie", &expired), Denied, Denied),
            (("cookie", &others), Denied, Denied),
            (("cookie", &longer), Denied, Denied),
            (("accept", "*/*"), Denied, Denied),
        ] {
            let headers = fields(&[field]);
            assert_eq!(access(&headers, Some(&token()), NOW), access_to_endpoint, "{field:?}");
            assert_eq!(site_access(&headers, Some(&token())), on_site, "{field:?}");
        }
        let both = fields(&[("authorization", "Basic x"), ("holdfast-token", SECRET)]);
        assert_eq!(access(&both, Some(&token()), NOW), Granted);
        let wrong_beside_session = fields(&[("authorization", "Bearer x"), ("cookie", &session)]);
        assert_eq!(access(&wrong_beside_session, Some(&token()), NOW), Wrong);
    }

    #[test]
    fn without_a_token_in_the_settings_there_is_nothing_but_health() {
        let headers = fields(&[("authorization", "Bearer "), ("holdfast-token", ""), JSON]);
        assert_eq!(access(&headers, None, NOW), Access::Absent);
        assert_eq!(site_access(&headers, None), Access::Absent);
        use Endpoint::{Health, Login, Logout, Metrics, Purge, Status};
        for method in ["POST", "GET"] {
            let request = request(method, ADDRESS, &[JSON, ("sec-fetch-site", "cross-site")]);
            for endpoint in [Status, Metrics, Login, Logout, Purge] {
                assert_eq!(endpoint.admit(&request, Access::Absent), Err(Reply::NotFound), "{endpoint:?}");
            }
        }
        assert_eq!(Health.admit(&request("GET", ADDRESS, &[]), Access::Absent), Ok(()));
    }

    #[test]
    fn every_endpoint_says_of_every_method_whether_it_is_meant() {
        use Access::{Denied, Granted, Session, Wrong};
        use Endpoint::{Health, Login, Logout, Metrics, Purge, Status};
        const LOGIN: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
        const ALL: [Access; 4] = [Granted, Session, Wrong, Denied];
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "get"];
        for (endpoint, accesses, allowed, allow) in [
            (Health, &ALL[..], &["GET", "HEAD"][..], "GET, HEAD"),
            (Status, &[Granted, Session], &["GET", "HEAD"], "GET, HEAD"),
            (Metrics, &[Granted, Session], &["GET", "HEAD"], "GET, HEAD"),
            (Login, &ALL, &["GET", "HEAD", "POST"], "GET, HEAD, POST"),
            (Logout, &ALL, &["POST"], "POST"),
            (Purge, &[Granted], &["POST"], "POST"),
        ] {
            for method in methods {
                let field = if endpoint == Login { LOGIN } else { JSON };
                let request = request(method, ADDRESS, &[field]);
                for access in ALL {
                    let expected = match (accesses.contains(&access), allowed.contains(&method)) {
                        (false, _) => Err(Reply::Unauthorized { goes_on: false }),
                        (true, false) => Err(Reply::MethodNotAllowed(allow)),
                        (true, true) => Ok(()),
                    };
                    assert_eq!(
                        endpoint.admit(&request, access),
                        expected,
                        "{endpoint:?} {method} {access:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_sign_in_is_a_small_form() {
        const LOGIN: &str = "application/x-www-form-urlencoded";
        for (headers, expected) in [
            (vec![("content-type", LOGIN)], Ok(())),
            (vec![("content-type", LOGIN), ("content-length", "4096")], Ok(())),
            (vec![("content-type", LOGIN), ("content-length", "4097")], Err(Reply::TooLarge)),
            (vec![JSON], Err(Reply::UnsupportedMediaType(LOGIN))),
            (vec![("content-type", "text/plain")], Err(Reply::UnsupportedMediaType(LOGIN))),
            (vec![], Err(Reply::UnsupportedMediaType(LOGIN))),
        ] {
            let request = request("POST", ADDRESS, &headers);
            assert_eq!(Endpoint::Login.admit(&request, Access::Denied), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_browser_that_another_site_leads_to_the_dashboard_asks_once_more() {
        for (site, access, goes_on) in [
            ("cross-site", Access::Denied, true),
            ("cross-site", Access::Wrong, false),
            ("same-origin", Access::Denied, false),
            ("none", Access::Denied, false),
        ] {
            let request = request("GET", ADDRESS, &[("sec-fetch-site", site)]);
            let expected = Err(Reply::Unauthorized { goes_on });
            assert_eq!(Endpoint::Status.admit(&request, access), expected, "{site} {access:?}");
        }
        let request = request("GET", ADDRESS, &[("sec-fetch-site", "cross-site")]);
        assert_eq!(Endpoint::Status.admit(&request, Access::Granted), Ok(()));
    }

    #[test]
    fn an_unknown_endpoint_looks_the_same_to_everybody() {
        for access in [Access::Granted, Access::Session, Access::Wrong, Access::Denied, Access::Absent] {
            let request = request("POST", ADDRESS, &[JSON, ("origin", "https://evil.example")]);
            assert_eq!(Endpoint::Unknown.admit(&request, access), Err(Reply::NotFound));
        }
    }

    #[test]
    fn a_purge_is_a_post_of_json() {
        for (method, headers, expected) in [
            ("POST", vec![JSON], Ok(())),
            ("POST", vec![("content-type", "Application/JSON; charset=utf-8")], Ok(())),
            ("POST", vec![JSON, ("content-length", "65536")], Ok(())),
            ("GET", vec![], Err(Reply::MethodNotAllowed("POST"))),
            ("HEAD", vec![], Err(Reply::MethodNotAllowed("POST"))),
            ("OPTIONS", vec![], Err(Reply::MethodNotAllowed("POST"))),
            ("PUT", vec![JSON], Err(Reply::MethodNotAllowed("POST"))),
            ("PURGE", vec![JSON], Err(Reply::MethodNotAllowed("POST"))),
            ("post", vec![JSON], Err(Reply::MethodNotAllowed("POST"))), // RFC 9110 §9.1
            ("POST", vec![], Err(Reply::UnsupportedMediaType("application/json"))),
            (
                "POST",
                vec![("content-type", "text/plain")],
                Err(Reply::UnsupportedMediaType("application/json")),
            ),
            (
                "POST",
                vec![("content-type", "text/plain; application/json")],
                Err(Reply::UnsupportedMediaType("application/json")),
            ),
            (
                "POST",
                vec![("content-type", "application/jsonp")],
                Err(Reply::UnsupportedMediaType("application/json")),
            ),
            (
                "POST",
                vec![JSON, ("content-type", "text/plain")],
                Err(Reply::UnsupportedMediaType("application/json")),
            ),
            ("POST", vec![JSON, ("content-length", "65537")], Err(Reply::TooLarge)),
            ("POST", vec![JSON, ("content-length", "99999999999999999999")], Err(Reply::TooLarge)),
        ] {
            let request = request(method, ADDRESS, &headers);
            assert_eq!(Endpoint::Purge.admit(&request, Access::Granted), expected, "{method} {headers:?}");
            // Whoever has no token learns nothing else.
            assert_eq!(
                Endpoint::Purge.admit(&request, Access::Denied),
                Err(Reply::Unauthorized { goes_on: false })
            );
        }
    }

    #[test]
    fn no_other_site_can_make_a_browser_purge() {
        for (headers, refused) in [
            (vec![("sec-fetch-site", "same-origin"), ("origin", "https://example.com")], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("origin", "https://EXAMPLE.com")], false),
            (vec![("sec-fetch-site", "cross-site")], true),
            (vec![("sec-fetch-site", "same-site")], true),
            (vec![("sec-fetch-site", "")], true),
            (vec![("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], true),
            (vec![("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], true),
            (vec![("origin", "https://example.com:8443")], true),
            (vec![("origin", "https://example.com.evil.example")], true),
            (vec![("origin", "https://www.example.com")], true),
            (vec![("origin", "null")], true),
            (vec![("origin", "")], true),
            (vec![("origin", "example.com")], true),
        ] {
            let request = request("POST", ADDRESS, &[&headers[..], &[JSON]].concat());
            let expected = if refused { Err(Reply::CrossSite) } else { Ok(()) };
            assert_eq!(Endpoint::Purge.admit(&request, Access::Granted), expected, "{headers:?}");
            for endpoint in [Endpoint::Login, Endpoint::Logout] {
                let admitted = endpoint.admit(&request, Access::Session);
                assert_eq!(admitted == Err(Reply::CrossSite), refused, "{endpoint:?} {headers:?}");
            }
        }
    }
}
