//! The page that tells visitors how the site is: the site's brand around what the object knows.

use askama::Template;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::assets::Assets;
use super::sanitise::shown;
use super::slots::LONGEST_NAME;
use super::template::rendered;
use crate::config::Page;

/// What is said where nothing is known.
const NOTHING: [&str; 2] = [
    "<main><div class=\"now idle\"><h1>It is not known at the moment how the site is.</h1></div></main>",
    "{\"state\":\"unknown\",\"sentence\":\"It is not known at the moment how the site is.\"}",
];

/// The header fields and the text for somebody in front of a browser or for a program. `known` is what the object says:
/// the content of a page, and JSON.
pub fn render(page: &Page, host: &str, known: Option<[&str; 2]>, is_seen: bool) -> (HeaderMap, String) {
    let [content, json] = known.unwrap_or(NOTHING);
    let (content_type, cache) = (
        if is_seen { "text/html; charset=utf-8" } else { "application/json" },
        if known.is_some() { "public, max-age=10" } else { "no-store" },
    );
    let fixed = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "Accept, Sec-Fetch-Dest"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    let mut headers: HeaderMap =
        fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
    if known.is_none() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    }
    if !is_seen {
        return (headers, json.to_owned());
    }
    headers.insert(HeaderName::from_static("refresh"), HeaderValue::from_static("60"));
    let assets = Assets::of_public(page);
    headers.insert(header::CONTENT_SECURITY_POLICY, assets.policy(false));
    let name = page.brand.as_deref().unwrap_or(host);
    let logo = page.logo.as_deref().filter(|url| url.starts_with("data:image/"));
    let shell = Shell { site: shown(name, LONGEST_NAME), logo, style: &assets.style, content };
    (headers, rendered(&shell))
}

/// The brand around `content`, which is markup already.
#[derive(Template)]
#[template(path = "public_page.html")]
struct Shell<'a> {
    site: String,
    logo: Option<&'a str>,
    style: &'a str,
    content: &'a str,
}
