//! The page fits: small screens, long words, large letters.

use holdfast::config::{Page, Theme};
use holdfast::language::Language;
use holdfast::response::form::Form;
use xtask::browser::FONTS;
use xtask::pages::{KINDS, rendered};

use crate::audit::{broken_words, broken_words_of_all, misfits};
use crate::pages::{LOOKS, Told, languages};
use crate::tab::Tab;

/// Name, width, height and density of screens: the narrowest that WCAG 2.2 asks for (1.4.10), a phone, a desk.
const SCREENS: [(&str, u32, u32, u32); 3] =
    [("narrow", 320, 640, 1), ("phone", 360, 740, 2), ("desk", 1280, 800, 1)];

/// Every language in `look` on every screen; each language has the next kind of page.
fn fits(look: &str) {
    let tab = Tab::new();
    let mut found = Vec::new();
    for (tag, told) in languages().iter().zip(Told::ALL.into_iter().cycle()) {
        tab.speak(tag);
        told.show(&tab, look);
        for font in &FONTS {
            tab.typeset(font);
            for (screen, width, height, density) in SCREENS {
                tab.resize(width, height, density);
                let name = format!("{look}-{tag}-{told:?}-{screen}-{}", font.sans);
                tab.photograph(&name);
                let wrong = misfits(&tab).into_iter().chain(broken_words(&tab));
                found.extend(wrong.map(|line| format!("{name}: {line}")));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_calm_look_fits_every_screen_in_every_language() {
    fits("calm");
}

#[test]
fn the_paper_look_fits_every_screen_in_every_language() {
    fits("paper");
}

#[test]
fn the_poster_look_fits_every_screen_in_every_language() {
    fits("poster");
}

#[test]
fn the_bold_look_fits_every_screen_in_every_language() {
    fits("bold");
}

/// Widths and sizes of text: the narrowest screen, those on which the page is about to take another form, and large text.
const WIDTHS: [(u32, u32); 6] = [(320, 100), (560, 100), (700, 100), (320, 200), (360, 200), (1280, 200)];

/// Every page in every language in `look`.
fn keeps_words_whole(look: Theme) {
    let tab = Tab::new();
    Told::BadAnswer.show(&tab, look.word());
    let page = Page { theme: look, ..Page::default() };
    let pages: Vec<_> = Language::all()
        .flat_map(|language| KINDS.map(|kind| rendered(kind, Form::Html, language, &page).unwrap().body))
        .collect();
    tab.run(&format!(
        "globalThis.pages = {}.map((html) => {{
           const {{ documentElement: {{ lang, dir }}, body }} = new DOMParser().parseFromString(html, 'text/html');
           for (const hidden of body.querySelectorAll('[hidden]')) hidden.hidden = false;
           body.style.setProperty('hyphens', 'manual', 'important');
           return {{ lang, dir, body }};
         }}); undefined",
        serde_json::json!(pages)
    ));
    let mut found = Vec::new();
    for font in &FONTS {
        tab.typeset(font);
        for (width, percent) in WIDTHS {
            tab.resize(width, 640, 1);
            tab.enlarge_text(percent);
            let broken = broken_words_of_all(&tab, "pages");
            found.extend(broken.into_iter().map(|line| format!("{} {width} {percent} %: {line}", font.sans)));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_calm_look_keeps_words_whole_in_every_language() {
    keeps_words_whole(Theme::Calm);
}

#[test]
fn the_paper_look_keeps_words_whole_in_every_language() {
    keeps_words_whole(Theme::Paper);
}

#[test]
fn the_bold_look_keeps_words_whole_in_every_language() {
    keeps_words_whole(Theme::Bold);
}

#[test]
fn the_poster_look_keeps_words_whole_in_every_language() {
    keeps_words_whole(Theme::Poster);
}

#[test]
fn text_can_be_twice_as_large() {
    // WCAG 2.2, 1.4.4
    let tab = Tab::new();
    let mut found = Vec::new();
    for look in LOOKS {
        for told in Told::ALL {
            told.show(&tab, look);
            for font in &FONTS {
                tab.typeset(font);
                for (screen, width, height, density) in SCREENS {
                    tab.resize(width, height, density);
                    let sizes = |percent: u32| {
                        tab.enlarge_text(percent);
                        ["h1", ".lead", ".name", "footer dd"].map(|selector| {
                            let element = format!("document.querySelector('{selector}')");
                            let size = tab.run(&format!("parseFloat(getComputedStyle({element}).fontSize)"));
                            (selector, size.as_f64().unwrap())
                        })
                    };
                    for ((selector, before), (_, after)) in sizes(100).into_iter().zip(sizes(200)) {
                        // A heading is large already, and grows less on a small screen; so does a label there, whose
                        // words are to stay whole.
                        let least = match (selector, screen) {
                            ("h1", _) => 1.4,
                            (".name", "narrow" | "phone") => 1.3,
                            _ => 1.99,
                        };
                        assert!(after >= before * least, "{look} {screen}: {selector} {before} {after}");
                    }
                    let name = format!("{look}-{told:?}-{screen}-large-{}", font.sans);
                    tab.photograph(&name);
                    let wrong = misfits(&tab).into_iter().chain(broken_words(&tab));
                    found.extend(wrong.map(|line| format!("{name}: {line}")));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
