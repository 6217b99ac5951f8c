//! Everybody can read the page: with eyes, ears or fingers, by day and by night.

use faulty_origin::scripts;

use crate::audit::{broken_words, faint, misfits, violations};
use crate::harness::Page;
use crate::pages::{ACCENT, LOOKS, Told, url};
use crate::tab::Tab;

/// Every kind of page in `look`, in a language of each direction, light and dark.
fn accessible(look: &str) {
    let tab = Tab::new();
    let mut found = Vec::new();
    for told in Told::ALL {
        for (tag, direction) in [("en", "ltr"), ("ar", "rtl")] {
            tab.speak(tag);
            told.show(&tab, look);
            let root = tab.text("`${document.documentElement.lang} ${document.documentElement.dir}`");
            assert_eq!(root, format!("{tag} {direction}"), "{told:?}");
            type Audit = fn(&Tab) -> Vec<String>;
            for (scheme, audit) in [("light", violations as Audit), ("dark", faint)] {
                tab.prefer(scheme, "reduce");
                let name = format!("{look}-{told:?}-{tag}-{scheme}");
                tab.photograph(&name);
                found.extend(audit(&tab).into_iter().map(|line| format!("{name}: {line}")));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_calm_look_is_accessible() {
    accessible("calm");
}

#[test]
fn the_paper_look_is_accessible() {
    accessible("paper");
}

#[test]
fn the_bold_look_is_accessible() {
    accessible("bold");
}

#[test]
fn the_page_is_dark_for_who_prefers_it() {
    let tab = Tab::new();
    for look in LOOKS {
        Told::TooLate.show(&tab, look);
        let brightness = |scheme: &str| {
            tab.prefer(scheme, "reduce");
            tab.run(
                "(() => {
                   const colour = [document.documentElement, document.body]
                     .map((element) => getComputedStyle(element).backgroundColor)
                     .find((colour) => !/, 0\\)$|transparent/.test(colour));
                   return Math.max(...colour.match(/[\\d.]+/g).slice(0, 3).map(Number));
                 })()",
            )
        };
        let [light, dark] = ["light", "dark"].map(|scheme| brightness(scheme).as_f64().unwrap());
        assert!(light > 200.0 && dark < 80.0, "{look}: {light} {dark}");
    }
}

#[test]
fn a_brands_logo_and_colour_are_shown_and_can_be_read() {
    let tab = Tab::new();
    for look in LOOKS {
        Told::BadAnswer.show(&tab, &format!("{look}-branded"));
        let logo = tab.run(
            "(({ alt, naturalWidth, height }) => [alt, naturalWidth > 0, height > 0])(document.images[0])",
        );
        assert_eq!(logo, serde_json::json!(["Example & Sons", true, true]), "{look}");
        let mut accents = Vec::new();
        for scheme in ["light", "dark"] {
            tab.prefer(scheme, "reduce");
            tab.photograph(&format!("{look}-branded-{scheme}"));
            let found = violations(&tab);
            assert!(found.is_empty(), "{look} {scheme}: {found:#?}");
            accents.push(tab.text("getComputedStyle(document.querySelector('a.button')).backgroundColor"));
        }
        let accent = u32::from_str_radix(&ACCENT[1..], 16).unwrap().to_be_bytes();
        assert_eq!(accents[0], format!("rgb({}, {}, {})", accent[1], accent[2], accent[3]), "{look}");
        assert_ne!(accents[0], accents[1], "{look}: on a dark page it is a lighter one");
    }
}

#[test]
fn a_bad_page_is_found_out() {
    let html = "<!doctype html><html><title></title><link rel=icon href='data:,'>\
        <style>p { margin: 0; width: 60px; line-height: 4px; white-space: nowrap; color: #eee; background: #fff }</style>\
        <p>A line of text that is long<p>and one that lies on it</p><img src='data:,'><b style='margin-left:100vw'>x</b>\
        <p style='white-space:normal;overflow-wrap:anywhere'>Breakwater";
    let page = Page::new([scripts::with_headers(&[("Content-Type", "text/html")], html)]);
    let tab = Tab::new();
    tab.go(&url(&page));
    for (found, expected) in [
        (violations(&tab), &["html-has-lang", "document-title", "image-alt", "color-contrast"][..]),
        (misfits(&tab), &["the page is", "leaves the page", "sticks out", "lie on each other"]),
        (broken_words(&tab), &["is broken: Breakwater"]),
    ] {
        for rule in expected {
            assert!(found.iter().any(|line| line.starts_with(rule)), "{rule} is not in {found:#?}");
        }
    }
}
