//! The header fields of an origin's error page that stay when the page is replaced. What else did the answer do?
//!
//! The bare origin would have set its cookies and its rules for the browser, so the visitor gets them. What described the
//! page goes with it. The page made here is `no-store`, so a cookie on it reaches nobody else.

use http::{HeaderMap, HeaderName, header};

/// The fields of `headers` that stay.
pub fn kept_fields(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| stays(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn stays(name: &HeaderName) -> bool {
    const OTHERS: [HeaderName; 10] = [
        header::SET_COOKIE,
        header::STRICT_TRANSPORT_SECURITY,
        header::X_FRAME_OPTIONS,
        header::REFERRER_POLICY,
        HeaderName::from_static("permissions-policy"),
        HeaderName::from_static("clear-site-data"),
        HeaderName::from_static("nel"),
        HeaderName::from_static("report-to"),
        HeaderName::from_static("reporting-endpoints"),
        HeaderName::from_static("x-request-id"),
    ];
    let has_prefix = |prefix| name.as_str().starts_with(prefix);
    OTHERS.contains(name) || has_prefix("access-control-") || has_prefix("cross-origin-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn cookies_and_rules_stay_and_what_described_the_page_goes() {
        let headers: HeaderMap = [
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("strict-transport-security", "max-age=60"),
            ("cross-origin-opener-policy", "same-origin"),
            ("access-control-allow-origin", "https://app.example"),
            ("clear-site-data", "\"cookies\""),
            ("refresh", "5; url=/"),
            ("content-length", "7"),
            ("content-encoding", "gzip"),
            ("content-security-policy", "default-src 'self'"),
            ("cache-control", "max-age=60"),
            ("etag", "\"a\""),
            ("server", "nginx"),
            ("x-powered-by", "PHP"),
        ]
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .into_iter()
        .collect();
        let kept = kept_fields(&headers);
        assert_eq!(kept.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(kept.len(), 6, "{kept:?}");
        for name in ["strict-transport-security", "cross-origin-opener-policy", "access-control-allow-origin"]
        {
            assert_eq!(kept.get(name), headers.get(name), "{name}");
        }
    }
}
