//! What the configuration means for one request.

use std::time::Duration;

use http::HeaderName;

use crate::cache::admission::{self, Bypass};
use crate::cache::directives::RequestDirectives;
use crate::config::{ClientDirectives, Config, Route, Settings};
use crate::origin::forward::ATTEMPT;
use crate::origin::is_origin_error;
use crate::origin::retry::Repeatable;
use crate::request::Request;

/// What holds for one request.
#[derive(Clone, Debug)]
pub struct Policy<'a> {
    /// Which route matched, counted from 0; `None` for the defaults.
    pub route: Option<usize>,
    /// The settings that hold.
    pub settings: &'a Settings,
    /// Whether the store is looked into, or why not.
    pub lookup: Result<(), Bypass>,
    /// What the request's `Cache-Control` asks for, as far as it counts.
    pub asked: RequestDirectives,
    /// Whether the request may be sent again, as far as its head tells.
    pub repeatable: Repeatable,
}

impl<'a> Policy<'a> {
    /// Selects the first route that matches and reads off what it means for `request`.
    pub fn of(config: &'a Config, request: &Request) -> Self {
        let matched = config.routes.iter().enumerate().find(|(_, route)| is_for(route, request));
        let settings = matched.map_or(&config.defaults, |(_, route)| &route.settings);
        let asked = match settings.cache.client_directives {
            ClientDirectives::Obey => RequestDirectives::of(&request.headers),
            ClientDirectives::Ignore => RequestDirectives::default(),
        };
        Self {
            route: matched.map(|(index, _)| index),
            settings,
            lookup: admission::may_look_up(request, &asked, &settings.cache),
            asked,
            repeatable: repeatable(request, settings),
        }
    }

    /// Whether an answer of the origin's own counts as a failure that something else may answer for: an error that is
    /// the gateway's affair, or one that a copy is to cover.
    pub fn is_failure(&self, status: u16) -> bool {
        is_origin_error(status) || self.may_be_covered(status)
    }

    /// Whether a copy may stand in for an answer of the origin's own with this status.
    pub fn may_be_covered(&self, status: u16) -> bool {
        self.settings.cache.stale_statuses.contains(&status)
    }

    /// The least time in which an attempt can be expected to succeed: a tenth of its limit.
    pub fn least_attempt(&self) -> Duration {
        self.settings.timeouts.first_byte / 10
    }
}

fn is_for(route: &Route, request: &Request) -> bool {
    route.host.as_ref().is_none_or(|host| host.matches(request.target.host()))
        && route.path.as_ref().is_none_or(|path| path.matches(&request.target.plain_path()))
        && (route.methods.is_empty() || route.methods.contains(&request.method))
}

/// The longest `Idempotency-Key` that is taken for one, in bytes.
const LONGEST_KEY: usize = 255;

/// Idempotent methods (RFC 9110 §9.2.2), and keyed requests where the operator vouches for the origin: a
/// key that a client sent proves nothing about it.
fn repeatable(request: &Request, settings: &Settings) -> Repeatable {
    let keyed = settings.retry.idempotency_key && has_key(request);
    if request.headers.contains_key(ATTEMPT) {
        Repeatable::IsRetry
    } else if request.method.is_idempotent() || keyed {
        Repeatable::Repeatable
    } else {
        Repeatable::NotIdempotent
    }
}

/// Whether `Idempotency-Key` reaches the origin and says one thing: a string in quotes, or anything visible without quotes
/// and without the comma that the platform joins several lines with.
fn has_key(request: &Request) -> bool {
    let headers = &request.headers;
    let mut lines = headers.get_all(&KEY).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let line = line.as_bytes().trim_ascii();
    let (key, is_in_quotes) = match line {
        [b'"', key @ .., b'"'] => (key, true),
        key => (key, false),
    };
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && !matches!(byte, b'"' | b'\\');
    let is_one_word = |byte: &u8| byte.is_ascii_graphic() && *byte != b',';
    let says_something = !key.trim_ascii().is_empty() && line.len() <= LONGEST_KEY;
    says_something
        && key.iter().all(|byte| is_plain(byte) && (is_in_quotes || is_one_word(byte)))
        && !admission::concerns_one_connection(&KEY, &admission::connection_options(headers))
}

/// The draft of the IETF's working group HTTPAPI has it (draft-ietf-httpapi-idempotency-key-header).
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Pattern, Retry};
    use crate::request::Target;
    use http::{HeaderMap, Method};

    fn request(method: &str, url: &str) -> Request {
        Request {
            method: method.parse().unwrap(),
            target: Target::parse(url).unwrap(),
            headers: HeaderMap::new(),
            has_body: false,
            id: "1".to_owned(),
        }
    }

    #[test]
    fn the_first_route_that_matches_decides() {
        let route = |host: Option<&str>, path: Option<&str>, methods: &[Method]| Route {
            host: host.map(Pattern::new),
            path: path.map(Pattern::new),
            methods: methods.to_vec(),
            settings: Settings::default(),
        };
        let config = Config {
            routes: vec![
                route(None, Some("/api/*"), &[Method::POST]),
                route(Some("*.example.com"), None, &[]),
                route(None, Some("/api/*"), &[]),
            ],
            ..Config::default()
        };
        for (method, url, expected) in [
            ("POST", "https://a.example.com/api/x", Some(0)),
            ("GET", "https://a.example.com/api/x", Some(1)),
            ("GET", "https://example.com/api/x?/y", Some(2)),
            ("GET", "https://example.com/?/api/x", None),
        ] {
            assert_eq!(Policy::of(&config, &request(method, url)).route, expected, "{method} {url}");
        }
    }

    #[test]
    fn only_what_may_be_repeated_is() {
        // RFC 9110 §9.2.2
        let vouched = Retry { idempotency_key: true, ..Retry::default() };
        let vouched = Settings { retry: vouched, ..Settings::default() };
        for (method, keyed, plain, with_vouching) in [
            ("GET", false, true, true),
            ("PUT", false, true, true),
            ("DELETE", false, true, true),
            ("POST", false, false, false),
            ("POST", true, false, true),
            ("PATCH", true, false, true),
            ("get", false, false, false),
        ] {
            let mut request = request(method, "https://example.com/");
            if keyed {
                request.headers.insert("idempotency-key", "\"1\"".parse().unwrap());
            }
            for (settings, expected) in [(&Settings::default(), plain), (&vouched, with_vouching)] {
                let may = repeatable(&request, settings) == Repeatable::Repeatable;
                assert_eq!(may, expected, "{method} keyed: {keyed}");
            }
        }
    }

    #[test]
    fn a_key_counts_only_if_it_says_one_thing_and_reaches_the_origin() {
        let vouched = Retry { idempotency_key: true, ..Retry::default() };
        let vouched = Settings { retry: vouched, ..Settings::default() };
        let long = |length| "k".repeat(length);
        for (lines, connection, expected) in [
            (&["8e03978e-40d5-43dd-bc93-6894a57f9324"][..], "", true),
            (&["\"8e03978e-40d5-43dd-bc93-6894a57f9324\""], "", true),
            (&["\"a, b\""], "", true),
            (&["k"], "close", true),
            (&[long(255).as_str()], "", true),
            (&[long(256).as_str()], "", false),
            (&["k", "k"], "", false),
            (&["k, k"], "", false),
            (&["\"k\", \"l\""], "", false),
            (&["a b"], "", false),
            (&[""], "", false),
            (&["\"\""], "", false),
            (&["\" \""], "", false),
            (&["\""], "", false),
            (&["\"k"], "", false),
            (&["k\u{e4}"], "", false),
            (&["\u{fffd}"], "", false),
            (&["k"], "Idempotency-Key", false),
            (&["k"], "close, idempotency-key", false),
        ] {
            let mut request = request("POST", "https://example.com/");
            for line in lines {
                request.headers.append(KEY, line.parse().unwrap());
            }
            request.headers.insert("connection", connection.parse().unwrap());
            let may = repeatable(&request, &vouched) == Repeatable::Repeatable;
            assert_eq!(may, expected, "{lines:?} {connection}");
        }
    }
}
