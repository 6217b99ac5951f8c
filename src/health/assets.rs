//! The style and the script of the operators' pages, and what these pages may do.
//!
//! Both are inline and allowed by their hashes, as on error pages. The pages load nothing from elsewhere, cannot be framed,
//! and send forms to this site alone.

use std::sync::OnceLock;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::response::assets::hash;
use crate::texts::{Text, read};

/// The style and the script as they are sent.
#[derive(Debug)]
pub struct Assets {
    /// For `<style>`.
    pub style: String,
    /// For `<script>`.
    pub script: String,
    fields: HeaderMap,
}

impl Assets {
    /// The assets, made once in each isolate.
    pub fn get() -> &'static Self {
        static ASSETS: OnceLock<Assets> = OnceLock::new();
        ASSETS.get_or_init(Self::new)
    }

    fn new() -> Self {
        let (style, script) = (read(Text::StatusStyle), read(Text::StatusScript));
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
            hash(&style),
            hash(&script)
        );
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        let fixed = HeaderValue::from_static;
        let fields = HeaderMap::from_iter([
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_FRAME_OPTIONS, fixed("DENY")),
            // With `no-referrer`, forms would be sent with `Origin: null` (Fetch, "append a request Origin header").
            (header::REFERRER_POLICY, fixed("same-origin")),
            (HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")),
        ]);
        Self { style, script, fields }
    }

    /// The header fields of a page with these assets.
    pub fn fields(&self) -> &HeaderMap {
        &self.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Colour;

    #[test]
    fn what_is_allowed_is_what_is_sent_and_nothing_else() {
        let assets = Assets::get();
        let policy = assets.fields()["content-security-policy"].to_str().unwrap();
        for (kind, text) in [("style", &assets.style), ("script", &assets.script)] {
            assert!(policy.contains(&format!("{kind}-src {};", hash(text))), "{policy}");
            assert!(!text.contains("</") && !text.contains("<!--") && !text.contains("/*"), "{kind}");
        }
        assert!(policy.starts_with("default-src 'none';"));
        assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
    }

    #[test]
    fn everything_can_be_read_in_the_light_and_in_the_dark() {
        let css = include_str!("../../templates/status.css");
        let (light, dark) = css.split_once("@media (prefers-color-scheme: dark)").unwrap();
        for rules in [light, dark] {
            let block = rules.split_once(":root {").unwrap().1.split_once('}').unwrap().0;
            let colour = |name: &str| {
                let value = block.split_once(&format!("{name}: ")).unwrap().1.split(';').next().unwrap();
                Colour::parse(value).unwrap()
            };
            let pairs = ["ink", "soft", "accent", "ok", "bad", "late", "away", "own", "stale", "saved"];
            for text in pairs {
                for ground in ["ground", "surface", "wash"] {
                    let (text, on) = (colour(&format!("--{text}")), colour(&format!("--{ground}")));
                    // WCAG 2.2, 1.4.3
                    assert!(text.contrast(on) >= 4.5, "{text} on {on}: {:.2}", text.contrast(on));
                }
            }
            assert!(colour("--on-accent").contrast(colour("--accent")) >= 4.5);
        }
    }
}
