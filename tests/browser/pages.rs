//! The pages under test: every kind, in every theme and language.

use std::fs;
use std::sync::{Arc, LazyLock};

use faulty_origin::{Script, Seen, Step, scripts};
use holdfast::config::{Colour, DARKEST_LIGHT};
use xtask::root;

use crate::harness::{Edge, Page, edge, overlay};
use crate::tab::Tab;

/// The themes that an operator can choose from.
pub const LOOKS: [&str; 4] = ["calm", "paper", "bold", "poster"];

/// A colour of an operator's own that is hardly accepted, and what a page can show of a brand.
pub static ACCENT: LazyLock<String> = LazyLock::new(|| {
    let faint = Colour::parse("#ffcc00").unwrap();
    DARKEST_LIGHT.readable(faint).to_string()
});

const LOGO: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 1'><path d='M0 0h4v1H0z'/></svg>";

/// The worker in front of the site, in every theme: it goes by the first part of the path, `/calm/` or, with a
/// brand's logo and colour, `/calm-branded/`.
pub fn dressed() -> Arc<Edge> {
    static ROUTES: LazyLock<String> = LazyLock::new(|| {
        let routes = LOOKS.map(|look| {
            let brand = format!("logo = {LOGO:?}, accent = {:?}", *ACCENT);
            format!(
                "{{ path = '/{look}/*', page = {{ theme = '{look}' }} }},
                 {{ path = '/{look}-branded/*', page = {{ theme = '{look}', {brand} }} }},"
            )
        });
        format!("[{}]", routes.concat())
    });
    edge(&overlay(&[
        ("page.support_url", "https://example.com/support"),
        ("page.status_url", "https://status.example.com/"),
        ("routes", &ROUTES),
    ]))
}

/// Where the browser finds `page`.
pub fn url(page: &Page) -> String {
    format!("http://{}{}", dressed().addr, page.path)
}

/// What a page can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    OwnError,
    BadAnswer,
    Unavailable,
    TooLate,
    /// Of a form that was sent and not processed.
    NotProcessed,
    /// Of a form that was sent and may have been processed.
    MayBeProcessed,
}

impl Told {
    pub const ALL: [Self; 6] = [
        Self::OwnError,
        Self::BadAnswer,
        Self::Unavailable,
        Self::TooLate,
        Self::NotProcessed,
        Self::MayBeProcessed,
    ];

    fn script(self) -> Script {
        match self {
            Self::OwnError => own_error("500 Internal Server Error", None),
            Self::BadAnswer | Self::MayBeProcessed => scripts::reset(),
            Self::Unavailable => scripts::cloudflare_530(1033),
            Self::TooLate => scripts::cloudflare(522),
            Self::NotProcessed => scripts::cloudflare(521),
        }
    }

    pub fn is_of_a_form(self) -> bool {
        matches!(self, Self::NotProcessed | Self::MayBeProcessed)
    }

    /// Brings `tab` to a page of [`dressed`] about this.
    #[track_caller]
    pub fn show(self, tab: &Tab, look: &str) -> Page {
        let page = Page::under(&format!("/{look}/"), [self.script()]);
        if self.is_of_a_form() {
            let form = scripts::with_headers(&[("Content-Type", "text/html; charset=utf-8")], FORM);
            page.now([form, self.script()]);
        }
        tab.go(&url(&page));
        if self.is_of_a_form() {
            tab.run("document.forms[0].submit()");
        }
        tab.until("document.readyState === 'complete' && document.querySelector('main h1') !== null");
        page
    }
}

/// An error of the origin's own, and when it wants to be asked again.
pub fn own_error(status: &str, retry_after: Option<u32>) -> Script {
    let seconds = retry_after.map(|seconds| seconds.to_string());
    let fields = [("Content-Type", "text/html"), ("Retry-After", seconds.as_deref().unwrap_or_default())];
    let fields = if seconds.is_some() { &fields[..] } else { &fields[..1] };
    scripts::answer(status, fields, "<h1>Sorry</h1>")
}

/// A page as it should be. The empty icon keeps the browser from asking for one.
pub fn real(title: &str) -> Script {
    let html = format!(
        "<!doctype html><html lang=en><title>{title}</title><link rel=icon href='data:,'><p>{title}</p>"
    );
    let fields = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];
    scripts::with_headers(&fields, html)
}

/// `script` as it answers `seen`: to HEAD without its body.
pub fn answer_to(seen: &Seen, mut script: Script) -> Script {
    if let (true, Some(Step::Send(bytes))) = (seen.method == "HEAD", script.first_mut()) {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head ends");
        bytes.truncate(end + 4);
    }
    script
}

const FORM: &str = "<!doctype html><html lang=en><title>Form</title><link rel=icon href='data:,'>\
    <form method=post><input name=amount value=10></form>";

/// The tags of the languages that there is a catalogue of.
pub fn languages() -> Vec<String> {
    let catalogues = fs::read_dir(root().join("templates/languages")).expect("catalogues of languages");
    let tag_of = |file: fs::DirEntry| file.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let mut tags: Vec<_> = catalogues.map(|file| tag_of(file.unwrap())).collect();
    tags.sort();
    assert!(["ar", "de", "en"].iter().all(|tag| tags.iter().any(|other| other == tag)), "{tags:?}");
    tags
}
