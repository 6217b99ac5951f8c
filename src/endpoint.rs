//! Is this request for Holdfast itself, may it be, and what does it ask?
//!
//! Everything at and below `/.well-known/holdfast` (RFC 8615 §3) is answered here and never reaches an origin.
//! Without a token in the settings nothing is there. Whoever asks shows the token in a header field and never
//! in a cookie, so that no other site can make a browser ask in an operator's name; requests that come from
//! another site are refused all the same.

pub mod order;
pub mod reply;

use http::{HeaderMap, HeaderName, Method, header};

use crate::origin::forward::TOKEN;
use crate::request::{Request, Target};
use order::LONGEST_ORDER;
use reply::Reply;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where all endpoints are.
const HERE: &str = "/.well-known/holdfast";

/// What a request to Holdfast itself asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// To mark stored responses out of date, or to forget them.
    Purge,
    /// Something that there is not.
    Unknown,
}

/// Whether whoever asks is an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The token was shown.
    Granted,
    /// It was not.
    Denied,
    /// There is no token that could be shown: the endpoints do not exist.
    Absent,
}

/// Which endpoint `request` is for; `None` if it is for the site.
///
/// Paths are compared byte by byte, as the keys of the store are.
pub fn of(request: &Request) -> Option<Endpoint> {
    match request.target.path().strip_prefix(HERE)? {
        "/purge" => Some(Endpoint::Purge),
        rest if rest.is_empty() || rest.starts_with('/') => Some(Endpoint::Unknown),
        _ => None,
    }
}

/// Whether an endpoint may be used by whoever sends these fields: the token stands in [`TOKEN`], or after
/// `Bearer` in `Authorization` (RFC 6750 §2.1).
///
/// `is_token` compares in constant time; `None` if no token is configured.
pub fn access(headers: &HeaderMap, is_token: Option<impl Fn(&[u8]) -> bool>) -> Access {
    let Some(is_token) = is_token else { return Access::Absent };
    let bearer = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
    let shown = headers.get_all(&TOKEN).iter().map(|value| value.as_bytes());
    if bearer.chain(shown).any(is_token) { Access::Granted } else { Access::Denied }
}

/// Whether a request to the site comes from an operator, who may be told more. `Authorization` is the site's own
/// there, and is not looked at.
pub fn is_operator(headers: &HeaderMap, is_token: Option<impl Fn(&[u8]) -> bool>) -> bool {
    is_token.is_some_and(|is_token| headers.get_all(&TOKEN).iter().any(|value| is_token(value.as_bytes())))
}

/// The credentials behind `Bearer`, a scheme in any case (RFC 9110 §11.1) and one or more spaces.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer".len())?;
    (scheme.eq_ignore_ascii_case(b"Bearer") && token.starts_with(b" ")).then(|| token.trim_ascii())
}

impl Endpoint {
    /// Whether `request` may have what it asks for, as far as its head tells; otherwise the answer to it. Its
    /// body, of which at most [`LONGEST_ORDER`] bytes are accepted, is of no interest before.
    pub fn admit(self, request: &Request, access: Access) -> Result<(), Reply> {
        match (self, access) {
            (Self::Unknown, _) | (_, Access::Absent) => Err(Reply::NotFound),
            (Self::Purge, _) if is_cross_site(request) => Err(Reply::CrossSite),
            (Self::Purge, Access::Denied) => Err(Reply::Unauthorized),
            (Self::Purge, Access::Granted) if request.method != Method::POST => Err(Reply::MethodNotAllowed),
            (Self::Purge, Access::Granted) if !is_json(&request.headers) => Err(Reply::UnsupportedMediaType),
            (Self::Purge, Access::Granted) if announces_too_much(&request.headers) => Err(Reply::TooLarge),
            (Self::Purge, Access::Granted) => Ok(()),
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

/// Whether the one `Content-Type` is `application/json`, whatever its parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let essence = line.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// Whether `Content-Length` says that the body is too long, or is no length.
fn announces_too_much(headers: &HeaderMap) -> bool {
    let length = |value: &http::HeaderValue| value.to_str().ok()?.trim().parse::<usize>().ok();
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter().map(length);
    lengths.any(|length| length.is_none_or(|length| length > LONGEST_ORDER))
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
        Request {
            method: method.parse().unwrap(),
            target: Target::parse(url).unwrap(),
            headers: fields(headers),
            has_body: true,
            id: "1".to_owned(),
        }
    }

    fn is_token(shown: &[u8]) -> bool {
        shown == b"open sesame"
    }

    #[test]
    fn what_is_below_the_well_known_path_never_reaches_the_origin() {
        for (path, endpoint) in [
            ("/.well-known/holdfast/purge", Some(Endpoint::Purge)),
            ("/.well-known/holdfast/purge?all", Some(Endpoint::Purge)),
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
    fn only_the_token_opens_an_endpoint() {
        use Access::{Denied, Granted};
        for (field, access_to_endpoint, operator_of_site) in [
            (("authorization", "Bearer open sesame"), Granted, false),
            (("authorization", "bearer   open sesame "), Granted, false),
            (("holdfast-token", "open sesame"), Granted, true),
            (("authorization", "open sesame"), Denied, false),
            (("authorization", "Beareropen sesame"), Denied, false),
            (("authorization", "Basic open sesame"), Denied, false),
            (("authorization", "Bearer"), Denied, false),
            (("authorization", "Bearer open"), Denied, false),
            (("authorization", ""), Denied, false),
            (("holdfast-token", "Bearer open sesame"), Denied, false),
            (("holdfast-token", ""), Denied, false),
            (("cookie", "holdfast-token=open sesame"), Denied, false),
            (("accept", "*/*"), Denied, false),
        ] {
            let headers = fields(&[field]);
            assert_eq!(access(&headers, Some(is_token)), access_to_endpoint, "{field:?}");
            assert_eq!(is_operator(&headers, Some(is_token)), operator_of_site, "{field:?}");
        }
        let both = fields(&[("authorization", "Basic x"), ("holdfast-token", "open sesame")]);
        assert_eq!(access(&both, Some(is_token)), Granted);
    }

    #[test]
    fn without_a_token_in_the_settings_there_is_nothing() {
        let none = None::<fn(&[u8]) -> bool>;
        let headers = fields(&[("authorization", "Bearer "), ("holdfast-token", ""), JSON]);
        assert_eq!(access(&headers, none), Access::Absent);
        assert!(!is_operator(&headers, none));
        for method in ["POST", "GET"] {
            let request = request(method, ADDRESS, &[JSON, ("sec-fetch-site", "cross-site")]);
            assert_eq!(Endpoint::Purge.admit(&request, Access::Absent), Err(Reply::NotFound));
        }
    }

    #[test]
    fn an_unknown_endpoint_looks_the_same_to_everybody() {
        for access in [Access::Granted, Access::Denied, Access::Absent] {
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
            ("GET", vec![], Err(Reply::MethodNotAllowed)),
            ("HEAD", vec![], Err(Reply::MethodNotAllowed)),
            ("OPTIONS", vec![], Err(Reply::MethodNotAllowed)),
            ("PUT", vec![JSON], Err(Reply::MethodNotAllowed)),
            ("PURGE", vec![JSON], Err(Reply::MethodNotAllowed)),
            ("post", vec![JSON], Err(Reply::MethodNotAllowed)), // RFC 9110 §9.1
            ("POST", vec![], Err(Reply::UnsupportedMediaType)),
            ("POST", vec![("content-type", "text/plain")], Err(Reply::UnsupportedMediaType)),
            (
                "POST",
                vec![("content-type", "text/plain; application/json")],
                Err(Reply::UnsupportedMediaType),
            ),
            ("POST", vec![("content-type", "application/jsonp")], Err(Reply::UnsupportedMediaType)),
            ("POST", vec![JSON, ("content-type", "text/plain")], Err(Reply::UnsupportedMediaType)),
            ("POST", vec![JSON, ("content-length", "65537")], Err(Reply::TooLarge)),
            ("POST", vec![JSON, ("content-length", "99999999999999999999")], Err(Reply::TooLarge)),
        ] {
            let request = request(method, ADDRESS, &headers);
            assert_eq!(Endpoint::Purge.admit(&request, Access::Granted), expected, "{method} {headers:?}");
            // Whoever has no token learns nothing else.
            assert_eq!(Endpoint::Purge.admit(&request, Access::Denied), Err(Reply::Unauthorized));
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
        }
    }
}
