//! The CORS fields of an answer made here. May a script of another site read that it failed, and why (Fetch §3.3)?
//!
//! Without them a script cannot tell a 502 from a lost connection. An answer made here holds nothing that belongs to a
//! visitor; still, only those read it whom the operator names, or whom the site lets read its good answers.

use http::{HeaderMap, HeaderValue, header};

use crate::config::Cors;

/// The fields of an error beyond those that scripts may always read.
const EXPOSED: &str = "Retry-After, Proxy-Status, Holdfast-Outcome";

/// What an answer of the site's allowed to the origin of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// It lets every site read it, without credentials.
    Any,
    /// It lets this origin read it.
    Origin {
        /// With credentials too.
        credentials: bool,
    },
}

impl Grant {
    /// What `answer` allowed to `origin`. `None` if it allowed nothing, or is not clear.
    pub fn of(answer: &HeaderMap, origin: &HeaderValue) -> Option<Self> {
        let mut allowed = answer.get_all(header::ACCESS_CONTROL_ALLOW_ORIGIN).iter();
        let (allowed, None) = (allowed.next()?, allowed.next()) else { return None };
        if allowed == "*" {
            return Some(Self::Any);
        }
        let credentials = answer.get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
        (allowed == origin && is_of_site(origin))
            .then(|| Self::Origin { credentials: credentials.is_some_and(|value| value == "true") })
    }
}

/// Whether `origin` is that of a site. The origin `null` is everybody's who wants it.
fn is_of_site(origin: &HeaderValue) -> bool {
    origin.as_bytes().starts_with(b"http")
}

/// The fields by `rule` for a request from `origin`, to which the last good answer allowed what `learned` says.
pub fn fields(rule: &Cors, origin: &HeaderValue, learned: Option<Grant>) -> HeaderMap {
    let is_named = |origins: &[String]| origins.iter().any(|named| named.as_bytes() == origin.as_bytes());
    let grant = match rule {
        Cors::Off => None,
        Cors::Any => Some(Grant::Any),
        Cors::Origins(origins) => is_named(origins).then_some(Grant::Origin { credentials: true }),
        Cors::Site => learned,
    };
    let mut fields = HeaderMap::new();
    let Some(grant) = grant else { return fields };
    let allowed = match grant {
        Grant::Any => HeaderValue::from_static("*"),
        Grant::Origin { credentials } => {
            fields.insert(header::VARY, HeaderValue::from_static("Origin"));
            if credentials {
                fields.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
            origin.clone()
        }
    };
    fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    fields.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: HeaderValue = HeaderValue::from_static("https://app.example");

    fn answer(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn an_answer_allows_what_it_says_to_the_origin_that_it_names() {
        let acao = "access-control-allow-origin";
        let acac = "access-control-allow-credentials";
        for (fields, expected) in [
            (&[][..], None),
            (&[(acao, "*")], Some(Grant::Any)),
            (&[(acao, "*"), (acac, "true")], Some(Grant::Any)),
            (&[(acao, "https://app.example")], Some(Grant::Origin { credentials: false })),
            (&[(acao, "https://app.example"), (acac, "true")], Some(Grant::Origin { credentials: true })),
            (&[(acao, "https://app.example"), (acac, "True")], Some(Grant::Origin { credentials: false })),
            (&[(acao, "https://other.example")], None),
            (&[(acao, "https://app.example, https://other.example")], None),
            (&[(acao, "https://app.example"), (acao, "https://app.example")], None),
            (&[(acac, "true")], None),
        ] {
            assert_eq!(Grant::of(&answer(fields), &APP), expected, "{fields:?}");
        }
        let null = HeaderValue::from_static("null");
        assert_eq!(Grant::of(&answer(&[(acao, "null"), (acac, "true")]), &null), None);
    }

    #[test]
    fn only_whom_the_operator_or_the_site_names_reads_an_error() {
        let named = Cors::Origins(vec!["https://app.example".to_owned()]);
        let with = Grant::Origin { credentials: true };
        let without = Grant::Origin { credentials: false };
        for (rule, origin, learned, allowed, credentials) in [
            (&Cors::Off, "https://app.example", Some(with), None, false),
            (&Cors::Any, "https://app.example", None, Some("*"), false),
            (&Cors::Any, "null", Some(with), Some("*"), false),
            (&named, "https://app.example", None, Some("https://app.example"), true),
            (&named, "https://app.example.evil.example", None, None, false),
            (&named, "https://APP.example", None, None, false),
            (&named, "http://app.example", Some(with), None, false),
            (&named, "null", Some(Grant::Any), None, false),
            (&Cors::Site, "https://app.example", None, None, false),
            (&Cors::Site, "https://app.example", Some(Grant::Any), Some("*"), false),
            (&Cors::Site, "https://app.example", Some(without), Some("https://app.example"), false),
            (&Cors::Site, "https://app.example", Some(with), Some("https://app.example"), true),
        ] {
            let fields = fields(rule, &HeaderValue::from_static(origin), learned);
            let text = |name: &str| fields.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(text("access-control-allow-origin"), allowed, "{rule:?} {origin}");
            assert_eq!(text("access-control-allow-credentials"), credentials.then_some("true"));
            assert_eq!(text("access-control-expose-headers"), allowed.map(|_| EXPOSED));
            assert_eq!(
                text("vary").is_some(),
                allowed.is_some_and(|allowed| allowed != "*"),
                "{rule:?} {origin}"
            );
        }
    }
}
