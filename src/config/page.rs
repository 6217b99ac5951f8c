//! The `page` table. How do generated pages look, and what do they say in the operator's own words?

use std::fmt;

use serde_json::Value;

use super::values::{self, Accepted};
use crate::language::{Language, Message};

/// `page`: the generated pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The site's name, as visitors know it.
    pub brand: Option<String>,
    /// A logo in place of the name: a `data:` URL.
    pub logo: Option<String>,
    /// A picture above the heading: a `data:` URL.
    pub hero: Option<String>,
    /// The theme.
    pub theme: Theme,
    /// The colour of links and buttons on a light page; `None` for the theme's own.
    pub accent: Option<Colour>,
    /// The same on a dark page; `None` to derive it from `accent`.
    pub accent_dark: Option<Colour>,
    /// Where visitors get help: an `https`, `http` or `mailto` URL.
    pub support_url: Option<String>,
    /// Where visitors see the state of the service: an `https` or `http` URL.
    pub status_url: Option<String>,
    /// Whether everybody may see how the site is, at `public` among Holdfast's own addresses.
    pub public_status: bool,
    /// The languages of the pages; the first is used for clients that accept none of them. Empty for all.
    pub languages: Vec<Language>,
    /// The operator's own messages, at most one for each language and message.
    pub texts: Vec<OwnText>,
    /// What visitors get in place of the origin's own error pages.
    pub origin_errors: OriginErrors,
    /// Which scripts of other sites may read an error.
    pub cors: Cors,
}

impl Page {
    /// The accents that replace the theme's own, on a light and on a dark page.
    pub fn accents(&self) -> [Option<Accent>; 2] {
        let dark = self.accent_dark.or(self.accent.map(|accent| LIGHTEST_DARK.readable(accent)));
        [self.accent, dark].map(|colour| colour.map(Accent::of))
    }
}

/// The themes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Quiet greys, a card, the system typeface.
    #[default]
    Calm,
    /// A printed page: warm background, serif typeface, thin rules.
    Paper,
    /// Large type, heavy lines, strong contrast.
    Bold,
    /// A poster: the heading in a band of colour, large pictures, no lines.
    Poster,
}

impl Theme {
    /// All themes.
    pub const ALL: [Self; 4] = [Self::Calm, Self::Paper, Self::Bold, Self::Poster];

    /// The name in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Paper => "paper",
            Self::Bold => "bold",
            Self::Poster => "poster",
        }
    }
}

/// Which of the origin's own error pages are replaced, under the same status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OriginErrors {
    /// Those that nobody wrote: stock pages of servers, and empty ones.
    #[default]
    Stock,
    /// None.
    Keep,
    /// All.
    Replace,
}

/// Which scripts of other sites may read an answer made here (CORS).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Those that may read the site's good answers, as the last of them said.
    #[default]
    Site,
    /// None.
    Off,
    /// All, without credentials.
    Any,
    /// Those of these origins, with credentials.
    Origins(Vec<String>),
}

/// A message in the operator's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnText {
    /// The language.
    pub language: Language,
    /// The message that it replaces.
    pub message: Message,
    /// One line, with or without the message's placeholder.
    pub text: String,
}

/// The colour of text and lines, and a colour that is readable on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    /// The colour.
    pub colour: Colour,
    /// Black or white, whichever contrasts more; the contrast is at least 4.5.
    pub on_it: Colour,
}

impl Accent {
    fn of(colour: Colour) -> Self {
        let is_light = colour.contrast(BLACK) > colour.contrast(WHITE);
        Self { colour, on_it: if is_light { BLACK } else { WHITE } }
    }
}

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

const BLACK: Colour = Colour([0; 3]);
const WHITE: Colour = Colour([255; 3]);

/// The worst backgrounds of all themes: no light page is darker, no dark page lighter.
pub const DARKEST_LIGHT: Ground = Ground { colour: Colour([0xf1, 0xec, 0xe2]), away_from_it: BLACK };
/// See [`DARKEST_LIGHT`].
pub const LIGHTEST_DARK: Ground = Ground { colour: Colour([0x26, 0x2b, 0x33]), away_from_it: WHITE };

/// The lowest contrast for normal text (WCAG 2.2, success criterion 1.4.3).
const LEAST_CONTRAST: f64 = 4.5;

/// A background for text.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// Its colour.
    pub colour: Colour,
    away_from_it: Colour,
}

impl Ground {
    /// The colour nearest to `colour` that is readable on this background.
    pub fn readable(&self, colour: Colour) -> Colour {
        const STEPS: u16 = 64;
        let mixed = (0..=STEPS).map(|step| colour.mixed(self.away_from_it, step, STEPS));
        mixed.into_iter().find(|mixed| self.bears(*mixed)).unwrap_or(self.away_from_it)
    }

    fn bears(&self, colour: Colour) -> bool {
        self.colour.contrast(colour) >= LEAST_CONTRAST
    }
}

impl Colour {
    /// Parses `#rrggbb` or `#rgb`; `None` otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let digits =
            text.strip_prefix('#').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = match digits.len() {
            6 => number.to_be_bytes(),
            3 => (((number & 0xf00) << 8 | (number & 0xf0) << 4 | number & 0xf) * 0x11).to_be_bytes(),
            _ => return None,
        };
        Some(Self([red, green, blue]))
    }

    /// The contrast with `other`, 1 to 21 (WCAG 2.2, "contrast ratio").
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// The relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { power_of_2_4((part + 0.055) / 1.055) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// This colour mixed with `step` of `steps` parts of `other`.
    fn mixed(self, other: Self, step: u16, steps: u16) -> Self {
        let mut parts = self.0;
        for (part, other) in parts.iter_mut().zip(other.0) {
            let sum = u16::from(*part) * (steps - step) + u16::from(other) * step;
            *part = u8::try_from(sum / steps).unwrap_or(u8::MAX);
        }
        Self(parts)
    }
}

/// `number`, 0.09 to 1, to the power of 2.4: its square times the fifth root of its square, by Newton's method from
/// above. `powf` would be a kilobyte of the module.
fn power_of_2_4(number: f64) -> f64 {
    let square = number * number;
    let nearer = |root: f64| (4.0 * root + square / (root * root * root * root)) / 5.0;
    square * (0..10).fold(1.0, |root, _| nearer(root))
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(out, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The longest logo or hero, as the `data:` URL in the page, where special characters of an SVG take three bytes each.
/// `cargo xtask check` measures whether a page with it stays below its 14 KB.
const PICTURE_BYTES: usize = 2048;

/// Accepts the text of an SVG, or a `data:` URL. Returns a `data:` URL, which the page shows as an image: nothing in
/// it can run, load or access the page.
pub(super) fn picture(value: &Value) -> Accepted<String> {
    const KINDS: [&str; 6] = ["svg+xml", "png", "webp", "avif", "jpeg", "gif"];
    let shape = || {
        r#"an SVG, as in "<svg xmlns=…>…</svg>", or a data: URL of one or of a PNG, WebP, AVIF, JPEG or GIF is accepted, up to 2048 bytes as a data: URL"#.to_owned()
    };
    let text = value.as_str().map(str::trim).ok_or_else(shape)?;
    let fits = |url: String| if url.len() <= PICTURE_BYTES { Ok(url) } else { Err(shape()) };
    if text.starts_with("<svg") && text.ends_with("</svg>") {
        if !text.contains("xmlns=\"http://www.w3.org/2000/svg\"")
            && !text.contains("xmlns='http://www.w3.org/2000/svg'")
        {
            return Err(
                r#"an SVG needs xmlns="http://www.w3.org/2000/svg" to be shown as an image"#.to_owned()
            );
        }
        return fits(format!("data:image/svg+xml,{}", percent_encoded(text)));
    }
    let kind = text.strip_prefix("data:image/").ok_or_else(shape)?;
    let is_known =
        KINDS.iter().any(|known| kind.strip_prefix(known).is_some_and(|rest| rest.starts_with([';', ','])));
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>'));
    if is_known && is_plain && text.contains(',') { fits(text.to_owned()) } else { Err(shape()) }
}

/// `text` encoded for a `data:` URL: everything that would end the URL, its attribute or a line.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 5 / 4);
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'#' | b'%' | b'<' | b'>') || byte == b' ' {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Accepts the name of a theme.
pub(super) fn theme(value: &Value) -> Accepted<Theme> {
    let named = |text: &str| Theme::ALL.into_iter().find(|theme| theme.word() == text);
    value
        .as_str()
        .and_then(named)
        .ok_or_else(|| r#""calm", "paper", "bold" or "poster" is accepted"#.to_owned())
}

/// Accepts which error pages of the origin are replaced.
pub(super) fn origin_errors(value: &Value) -> Accepted<OriginErrors> {
    match value.as_str() {
        Some("stock") => Ok(OriginErrors::Stock),
        Some("keep") => Ok(OriginErrors::Keep),
        Some("replace") => Ok(OriginErrors::Replace),
        Some(_) | None => Err(r#""stock", "keep" or "replace" is accepted"#.to_owned()),
    }
}

/// Accepts which scripts of other sites may read an error.
pub(super) fn cors(value: &Value) -> Accepted<Cors> {
    const SHAPE: &str =
        r#""site", "off", "*" or a list of 1 to 16 origins is accepted, e.g. ["https://app.example.com"]"#;
    match (value.as_str(), value.as_array()) {
        (Some("site"), _) => Ok(Cors::Site),
        (Some("off"), _) => Ok(Cors::Off),
        (Some("*"), _) => Ok(Cors::Any),
        (_, Some(entries)) if (1..=16).contains(&entries.len()) => {
            let origins = entries.iter().map(|entry| {
                let origin = values::origin(entry, &[])?;
                Ok(origin.url.as_str().trim_end_matches('/').to_owned())
            });
            origins.collect::<Accepted<_>>().map(Cors::Origins)
        }
        _ => Err(SHAPE.to_owned()),
    }
}

/// Accepts a colour that is readable as text on `ground`.
pub(super) fn accent(ground: Ground) -> impl Fn(&Value) -> Accepted<Colour> {
    move |value| {
        let colour = value.as_str().and_then(Colour::parse);
        let colour = colour.ok_or(r##"a colour is accepted, e.g. "#1d56b8" or "#15b""##)?;
        if ground.bears(colour) {
            return Ok(colour);
        }
        // Rounded down, so that it never reads as enough. In whole numbers, because formatting floats enlarges the
        // module.
        let tenths = (ground.colour.contrast(colour) * 10.0) as u32;
        Err(format!(
            r#"as text its contrast to the page is {}.{}, and 4.5 is needed (WCAG 2.2, 1.4.3); the nearest that has it is "{}""#,
            tenths / 10,
            tenths % 10,
            ground.readable(colour)
        ))
    }
}

/// Accepts the tag of a language that has a catalogue.
pub(super) fn language(value: &Value, earlier: &[Language]) -> Accepted<Language> {
    let language = value.as_str().and_then(Language::of_tag).ok_or_else(|| {
        let tags: Vec<_> = Language::all().map(Language::tag).collect();
        format!("a language of the pages is accepted: {}", tags.join(", "))
    })?;
    if earlier.contains(&language) {
        return Err("this language is in the list already".to_owned());
    }
    Ok(language)
}

/// Accepts a replacement for `message`.
pub(super) fn own_text(message: Message) -> impl Fn(&Value) -> Accepted<Option<String>> {
    const LONGEST: usize = 300;
    move |value| {
        let is_line = |text: &&str| {
            (1..=LONGEST).contains(&text.chars().count())
                && !text.trim().is_empty()
                && !text.chars().any(char::is_control)
        };
        let text = value.as_str().filter(is_line);
        let text =
            text.ok_or_else(|| format!("a text of 1 to {LONGEST} characters on one line is accepted"))?;
        let placeholder = message.placeholder();
        // A text is split at `{site}`, which has room for one name only.
        if let Some(twice) = placeholder.filter(|placeholder| text.matches(placeholder).count() > 1) {
            return Err(format!("the placeholder {twice} is accepted once here"));
        }
        if text.replace(placeholder.unwrap_or_default(), "").contains(['{', '}']) {
            let only = placeholder
                .map_or("no placeholder is".to_owned(), |one| format!("only the placeholder {one} is"));
            return Err(format!("{only} accepted here"));
        }
        Ok(Some(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    #[test]
    fn a_colour_is_six_digits_or_three() {
        for (text, expected) in [
            ("#1d56b8", Some("#1d56b8")),
            ("#15B", Some("#1155bb")),
            ("#000000", Some("#000000")),
            ("1d56b8", None),
            ("#1d56b", None),
            ("#+15", None),
            ("#1d56b8ff", None),
            ("blue", None),
            ("", None),
        ] {
            assert_eq!(Colour::parse(text).map(|colour| colour.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        // As computed by the WCAG working group's own examples and by browsers' developer tools.
        for (one, other, expected) in [
            ("#fff", "#000", 21.0),
            ("#777777", "#fff", 4.478),
            ("#767676", "#fff", 4.542),
            ("#f00", "#fff", 3.998),
        ] {
            let contrast = colour(one).contrast(colour(other));
            assert!((contrast - expected).abs() < 0.001, "{one} {other} {contrast}");
        }
    }

    #[test]
    fn a_shade_is_as_bright_as_wcag_says() {
        for part in 0..=u8::MAX {
            let share = f64::from(part) / 255.0;
            let linear = if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) };
            let grey = Colour([part; 3]).luminance();
            assert!((grey - linear).abs() < 1e-12, "{part}: {grey}, not {linear}");
        }
    }

    #[test]
    fn an_accent_that_cannot_be_read_is_refused_with_one_that_can() {
        let light = accent(DARKEST_LIGHT);
        assert_eq!(light(&json!("#1d56b8")), Ok(colour("#1d56b8")));
        let error = light(&json!("#ffcc00")).unwrap_err();
        assert!(error.starts_with("as text its contrast to the page is 1.2, and 4.5 is needed"), "{error}");
        let suggested = error.rsplit('"').nth(1).unwrap();
        assert!(light(&json!(suggested)).is_ok(), "{error}");
        let dark = accent(LIGHTEST_DARK);
        assert!(dark(&json!("#1d56b8")).is_err() && dark(&json!("#8ab6ff")).is_ok());
        assert!(light(&json!("red")).unwrap_err().contains("a colour is accepted"));
    }

    #[test]
    fn error_pages_of_the_origin_are_replaced_by_one_of_three_rules() {
        assert_eq!(OriginErrors::default(), OriginErrors::Stock);
        for (value, expected) in
            [("stock", OriginErrors::Stock), ("keep", OriginErrors::Keep), ("replace", OriginErrors::Replace)]
        {
            assert_eq!(origin_errors(&json!(value)), Ok(expected));
        }
        for wrong in [json!("all"), json!(""), json!(true), json!("Keep")] {
            assert!(
                origin_errors(&wrong).unwrap_err().contains(r#""stock", "keep" or "replace""#),
                "{wrong}"
            );
        }
    }

    #[test]
    fn errors_are_read_by_scripts_of_named_origins() {
        let named =
            |origins: &[&str]| Cors::Origins(origins.iter().map(|&origin| origin.to_owned()).collect());
        for (value, expected) in [
            (json!("site"), Cors::default()),
            (json!("off"), Cors::Off),
            (json!("*"), Cors::Any),
            (
                json!(["https://App.example:443/", "http://localhost:5173"]),
                named(&["https://app.example", "http://localhost:5173"]),
            ),
        ] {
            assert_eq!(cors(&value), Ok(expected));
        }
        for wrong in [
            json!("https://app.example"),
            json!([]),
            json!(["*"]),
            json!(["null"]),
            json!(["https://app.example/path"]),
            json!(["https://*.example"]),
            json!(true),
            json!(vec!["https://app.example"; 17]),
        ] {
            assert!(cors(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_accent_makes_both() {
        let page = Page { accent: Some(colour("#1d56b8")), ..Page::default() };
        let [light, dark] = page.accents().map(Option::unwrap);
        assert_eq!((light.colour, light.on_it), (colour("#1d56b8"), WHITE));
        assert!(LIGHTEST_DARK.bears(dark.colour));
        let own = Page { accent_dark: Some(colour("#ffcc00")), ..page };
        assert_eq!(
            own.accents()[1].map(|accent| (accent.colour, accent.on_it)),
            Some((colour("#ffcc00"), BLACK))
        );
        assert_eq!(Page::default().accents(), [None, None]);
    }

    #[test]
    fn a_picture_becomes_an_image_that_cannot_leave_its_attribute() {
        const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><path fill=\"#15b\" d='M0 0h1'/></svg>";
        let url = picture(&json!(SVG)).unwrap();
        assert!(url.starts_with("data:image/svg+xml,%3Csvg xmlns='http"), "{url}");
        assert!(url.contains("fill=%22%2315b%22") && !url.contains(['"', '<', '>', '#']));
        let png = "data:image/png;base64,iVBORw0KGgo=";
        assert_eq!(picture(&json!(png)).as_deref(), Ok(png));
        for wrong in [
            "<svg></svg>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\">",
            "https://example.com/logo.png",
            "data:text/html,<script>alert(1)</script>",
            "data:image/svg+xml,<svg onload=\"alert(1)\">",
            "data:image/pngs;base64,AAAA",
            "data:image/png",
            "javascript:alert(1)",
            "",
        ] {
            assert!(picture(&json!(wrong)).is_err(), "{wrong}");
        }
        let png = |length: usize| format!("data:image/png;base64,{}", "A".repeat(length - 22));
        assert!(picture(&json!(png(2048))).is_ok() && picture(&json!(png(2049))).is_err());
        // What is written is shorter than what the page has.
        let svg = |marks: usize| SVG.replace("<path", &("<g/>".repeat(marks) + "<path"));
        assert!(
            svg(300).len() < 2048 && picture(&json!(svg(100))).is_ok() && picture(&json!(svg(300))).is_err()
        );
    }

    #[test]
    fn own_words_leave_open_what_the_message_leaves_open() {
        let accept = |message, text: &str| own_text(message)(&json!(text));
        assert!(accept(Message::TooLateLead, "{site} is slow today.").is_ok());
        assert!(accept(Message::TooLateLead, "We are slow today.").is_ok());
        for (message, text, rule) in [
            (Message::TooLateLead, "{when}", "only the placeholder {site} is accepted here"),
            (Message::TooLateLead, "{ $site }", "only the placeholder {site} is accepted here"),
            (Message::TooLateLead, "{site}, {site}", "the placeholder {site} is accepted once here"),
            (Message::TryAgain, "{when} {when}", "the placeholder {when} is accepted once here"),
            (Message::Again, "{site}", "no placeholder is accepted here"),
            (Message::Again, " ", "a text of 1 to 300 characters on one line is accepted"),
            (Message::Again, "a\nb", "a text of 1 to 300 characters on one line is accepted"),
        ] {
            assert_eq!(accept(message, text), Err(rule.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_accent_can_be_made_readable(red: u8, green: u8, blue: u8) {
            let colour = Colour([red, green, blue]);
            for ground in [DARKEST_LIGHT, LIGHTEST_DARK] {
                prop_assert!(ground.bears(ground.readable(colour)));
            }
            let accent = Accent::of(colour);
            prop_assert!(accent.colour.contrast(accent.on_it) >= LEAST_CONTRAST);
            prop_assert_eq!(Colour::parse(&colour.to_string()), Some(colour));
        }

        #[test]
        fn no_svg_leaves_its_attribute(inside in ".{0,60}") {
            let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inside}</svg>");
            if let Ok(url) = picture(&json!(svg)) {
                prop_assert!(url.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
                prop_assert!(!url.contains(['"', '<', '>', '#']));
            }
        }
    }
}
