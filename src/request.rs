//! A client's request. What does the exchange keep of it?

pub mod spelling;
pub mod trace;

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderName, Method, header};

/// The client's address, which the platform sets.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("cf-connecting-ip");

/// A request as the platform received it, without its body.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, as sent (methods are case-sensitive, RFC 9110 §9.1).
    pub method: Method,
    /// The target.
    pub target: Target,
    /// The header fields. Repeated lines stay separate if the platform keeps them separate.
    pub headers: HeaderMap,
    /// Whether a body follows.
    pub has_body: bool,
    /// The platform's id, or a generated one. Safe to print: ASCII letters, digits and `-`.
    pub id: String,
}

impl Request {
    /// Whether the method changes nothing at the origin (RFC 9110 §9.2.1).
    pub fn is_safe(&self) -> bool {
        self.method.is_safe()
    }

    /// Whether the client asks to switch to WebSocket (RFC 6455 §4.1).
    pub fn wants_websocket(&self) -> bool {
        self.headers
            .get_all(header::UPGRADE)
            .iter()
            .any(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
    }
}

#[cfg(test)]
impl Request {
    /// A request without header fields or body, for tests.
    pub fn bare(method: &str, url: &str) -> Self {
        Self {
            method: method.parse().unwrap(),
            target: Target::parse(url).unwrap(),
            headers: HeaderMap::new(),
            has_body: false,
            id: "1".to_owned(),
        }
    }
}

/// A client, by the address that Cloudflare reports. Of an IPv6 address, the first 64 bits, because the client
/// chooses the rest. All unknown clients are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(Option<IpAddr>);

impl Client {
    /// The client in `CF-Connecting-IP`, which the platform sets.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = headers.get(&CLIENT_ADDRESS).and_then(|value| value.to_str().ok());
        let address = text.and_then(|text| text.trim().parse::<IpAddr>().ok());
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            IpAddr::V4(address) => address.into(),
        }))
    }

    /// Whether the platform reported an address.
    pub fn is_known(self) -> bool {
        self.0.is_some()
    }
}

/// An absolute `http` or `https` URL in the normal form of the URL Standard, split into its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    url: String,
    scheme_end: usize,
    authority_end: usize,
    path_end: usize,
}

/// `authority` without a user name and password.
pub fn without_userinfo(authority: &str) -> &str {
    authority.rsplit('@').next().unwrap_or_default()
}

impl Target {
    /// Splits `url`; `None` if it is not an absolute `http` or `https` URL with a host. A fragment is dropped. An
    /// empty path becomes `/`.
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.split('#').next().unwrap_or_default();
        let scheme_end = ["https", "http"]
            .into_iter()
            .find(|scheme| {
                url.get(scheme.len()..).is_some_and(|rest| rest.starts_with("://")) && url.starts_with(scheme)
            })
            .map(str::len)?;
        let after_scheme = scheme_end + 3;
        let rest = url.get(after_scheme..)?;
        let authority_end =
            after_scheme + rest.bytes().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
        if authority_end == after_scheme {
            return None;
        }
        let mut url = url.to_owned();
        if !url.get(authority_end..)?.starts_with('/') {
            url.insert(authority_end, '/');
        }
        let path_end = url.get(authority_end..)?.find('?').map_or(url.len(), |at| authority_end + at);
        Some(Self { url, scheme_end, authority_end, path_end })
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.url.get(..self.scheme_end).unwrap_or_default()
    }

    /// The host, with the port unless it is the scheme's default.
    pub fn authority(&self) -> &str {
        self.url.get(self.scheme_end + 3..self.authority_end).unwrap_or_default()
    }

    /// The host without a port.
    pub fn host(&self) -> &str {
        let authority = self.authority();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            Some(_) | None => authority,
        }
    }

    /// The path, percent-encoded; begins with `/`.
    pub fn path(&self) -> &str {
        self.url.get(self.authority_end..self.path_end).unwrap_or_default()
    }

    /// The path, and `?` with the query if there is one.
    pub fn path_and_query(&self) -> &str {
        self.url.get(self.authority_end..).unwrap_or_default()
    }
}

/// Parses a weight in thousandths: 0 to 1 with at most three decimals (RFC 9110 §12.4.2).
pub(crate) fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = decimals.bytes().chain(std::iter::repeat(b'0')).take(3);
    let thousandths = digits.fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_weight_is_between_0_and_1() {
        for (text, expected) in [
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("1.", Some(1000)),
            ("0", Some(0)),
            ("0.5", Some(500)),
            ("0.05", Some(50)),
            ("0.001", Some(1)),
            ("1.001", None),
            ("2", None),
            ("-1", None),
            ("0.1234", None),
            ("", None),
            (".5", None),
            ("0,5", None),
        ] {
            assert_eq!(weight(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_target_is_cut_at_its_parts() {
        let target = Target::parse("https://example.com:8443/a%20b/c?d=e?f&g#h").unwrap();
        assert_eq!(target.as_str(), "https://example.com:8443/a%20b/c?d=e?f&g");
        assert_eq!(target.scheme(), "https");
        assert_eq!((target.authority(), target.host()), ("example.com:8443", "example.com"));
        assert_eq!((target.path(), target.path_and_query()), ("/a%20b/c", "/a%20b/c?d=e?f&g"));
        let target = Target::parse("http://[::1]?q").unwrap();
        assert_eq!((target.host(), target.path_and_query()), ("[::1]", "/?q"));
        for url in ["", "/a", "ftp://a/", "http://", "https:///a", "http:/a", "httpx://a"] {
            assert_eq!(Target::parse(url), None, "{url:?}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_of_a_target_make_it_up(url in "https?://[a-z.:\\[\\]0-9]{1,9}[/?#]?\\PC{0,20}") {
            if let Some(target) = Target::parse(&url) {
                let whole = format!("{}://{}{}", target.scheme(), target.authority(), target.path_and_query());
                prop_assert_eq!(whole, target.as_str());
                prop_assert!(target.path().starts_with('/'));
                prop_assert!(target.path_and_query().starts_with(target.path()));
            }
        }
    }
}
