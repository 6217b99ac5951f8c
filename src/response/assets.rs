//! The style and the script of the error page, and what may run on it.
//!
//! Both come from templates/, are inline, and are allowed by their hashes in `Content-Security-Policy` (CSP Level 3
//! §2.3.1). The hashes are computed from what is sent, so that whoever edits a template need not know of them.

use std::borrow::Cow;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::config::{Page, Theme};
use crate::texts::{Text, read};

/// The style and the script of one page.
pub(super) struct Assets {
    pub(super) style: Cow<'static, str>,
    pub(super) script: &'static str,
    /// The digests of the two in base64.
    hashes: [String; 2],
}

/// A text as it is sent, and its digest. Each isolate computes it once.
struct Sent {
    text: String,
    digest: Sha256,
}

impl Sent {
    fn new(text: String) -> Self {
        let digest = Sha256::new_with_prefix(&text);
        Self { text, digest }
    }
}

impl Assets {
    /// The assets of a page with these settings.
    pub(super) fn of(page: &Page) -> Self {
        Self::with(page, &own_rules(page))
    }

    /// The assets of the page for everybody. Its script is not sent.
    pub(super) fn of_public(page: &Page) -> Self {
        Self::with(page, &(own_rules(page) + &read(Text::PublicStyle)))
    }

    fn with(page: &Page, own: &str) -> Self {
        static STYLES: [OnceLock<Sent>; 4] = [const { OnceLock::new() }; 4];
        static SCRIPTS: OnceLock<Sent> = OnceLock::new();
        let [calm, paper, bold, poster] = &STYLES;
        let style = match page.theme {
            Theme::Calm => calm,
            Theme::Paper => paper,
            Theme::Bold => bold,
            Theme::Poster => poster,
        };
        let style = style.get_or_init(|| Sent::new(read(Text::ErrorStyle) + &read(rules_of(page.theme))));
        let script = SCRIPTS.get_or_init(|| Sent::new(read(Text::ErrorScript)));
        let digests = [style.digest.clone().chain_update(own), script.digest.clone()];
        Self {
            style: if own.is_empty() {
                Cow::Borrowed(&style.text)
            } else {
                Cow::Owned(style.text.clone() + own)
            },
            script: &script.text,
            hashes: digests.map(|digest| STANDARD.encode(digest.finalize())),
        }
    }

    /// The page's `Content-Security-Policy`: it may load nothing, and run only the script. If the page `returns`, the
    /// script may send requests to the site. Framing is not restricted, because an error should show wherever the site may
    /// be framed.
    pub(super) fn policy(&self, returns: bool) -> HeaderValue {
        let [style, script] = &self.hashes;
        let connect = if returns { " connect-src 'self';" } else { "" };
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}';{connect} img-src data:; \
             base-uri 'none'; form-action 'none'"
        );
        HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    }
}

/// What `theme` adds to the rules of all themes.
const fn rules_of(theme: Theme) -> Text {
    match theme {
        Theme::Calm => Text::Calm,
        Theme::Paper => Text::Paper,
        Theme::Bold => Text::Bold,
        Theme::Poster => Text::Poster,
    }
}

/// The source expression for an inline style or script in `Content-Security-Policy`.
pub(crate) fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// The rules for the operator's own colours and picture.
fn own_rules(page: &Page) -> String {
    let [light, dark] = page.accents().map(|accent| {
        let accent = accent?;
        Some(format!(":root{{--accent:{};--on-accent:{}}}", accent.colour, accent.on_it))
    });
    let dark = dark.map(|dark| format!("@media (prefers-color-scheme:dark){{{dark}}}"));
    let hero = page
        .hero
        .as_ref()
        .map(|_| ".hero img{display:block;max-width:100%;max-height:9rem;margin-bottom:1.5rem}".to_owned());
    [light, dark, hero].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Accent, Colour, DARKEST_LIGHT, LIGHTEST_DARK};

    /// The variables of a look on a light and on a dark page.
    fn variables(look: Theme) -> [Vec<(String, Colour)>; 2] {
        let rules = read(rules_of(look));
        let (light, dark) = rules.split_once("@media (prefers-color-scheme:dark)").unwrap();
        [light, dark].map(|rules| {
            let block = rules.split_once(":root{").unwrap().1.split_once('}').unwrap().0;
            let pairs = block.split(';').filter_map(|pair| pair.split_once(':'));
            pairs.filter_map(|(name, value)| Some((name.to_owned(), Colour::parse(value)?))).collect()
        })
    }

    #[test]
    fn what_is_written_can_be_read_in_every_look() {
        // WCAG 2.2, 1.4.3; 1.4.11 for lines that carry meaning is met by the same colours.
        for look in Theme::ALL {
            for (scheme, ground) in variables(look).iter().zip([DARKEST_LIGHT, LIGHTEST_DARK]) {
                let colour = |name: &str| scheme.iter().find(|(other, _)| *other == name).unwrap().1;
                for on in ["--ground", "--surface"] {
                    for text in ["--ink", "--soft", "--accent", "--ok", "--bad", "--late"] {
                        let contrast = colour(text).contrast(colour(on));
                        assert!(contrast >= 4.5, "{look:?} {text} {} on {on}: {contrast:.2}", colour(text));
                    }
                    // What an operator's accent is checked against is the worst of all grounds.
                    let (own, worst) =
                        (colour("--accent").contrast(colour(on)), colour("--accent").contrast(ground.colour));
                    assert!(own >= worst, "{look:?} {on}: {own:.2} {worst:.2}");
                }
                let contrast = colour("--accent").contrast(colour("--on-accent"));
                assert!(contrast >= 4.5, "{look:?} button: {contrast:.2}");
            }
        }
    }

    #[test]
    fn an_accent_of_the_operators_wins_over_the_looks() {
        let page = Page { accent: Colour::parse("#802060"), ..Page::default() };
        let [light, dark] = page.accents().map(Option::unwrap);
        let style = Assets::of(&page).style;
        let rule = |accent: Accent| format!("--accent:{};--on-accent:{}", accent.colour, accent.on_it);
        assert!(style.rfind(&rule(light)).unwrap() > style.find("--accent:").unwrap());
        assert!(
            style.ends_with(&format!("@media (prefers-color-scheme:dark){{:root{{{}}}}}", rule(dark))),
            "{style}"
        );
    }

    #[test]
    fn what_is_sent_has_no_comments_and_cannot_end_its_element() {
        for look in Theme::ALL {
            let assets = Assets::of(&Page { theme: look, ..Page::default() });
            for (text, what) in [(&*assets.style, "style"), (assets.script, "script")] {
                assert!(
                    !text.contains("</") && !text.contains("<!--") && !text.contains("/*"),
                    "{look:?} {what}"
                );
                assert!(!text.lines().any(|line| line.starts_with("//")), "{look:?} {what}");
            }
        }
    }

    #[test]
    fn the_hashes_are_those_of_the_texts() {
        for look in Theme::ALL {
            for accent in [None, Colour::parse("#802060")] {
                let assets = Assets::of(&Page { theme: look, accent, ..Page::default() });
                let policy = assets.policy(true);
                let policy = policy.to_str().unwrap();
                for (kind, text) in [("style", &*assets.style), ("script", assets.script)] {
                    let hash = STANDARD.encode(Sha256::digest(text));
                    assert!(policy.contains(&format!("{kind}-src 'sha256-{hash}';")), "{look:?} {policy}");
                }
            }
        }
        // As openssl computes it of "abc".
        let abc = STANDARD.encode(Sent::new("abc".to_owned()).digest.finalize());
        assert_eq!(abc, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn a_page_that_does_not_return_may_ask_for_nothing() {
        let assets = Assets::of(&Page::default());
        for (returns, asks) in [(true, true), (false, false)] {
            let policy = assets.policy(returns);
            let policy = policy.to_str().unwrap();
            assert!(policy.starts_with("default-src 'none';"), "{policy}");
            assert_eq!(policy.contains("connect-src 'self'"), asks);
            assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        }
    }
}
