//! The page fits: small screens, long words, large letters.

use crate::audit::misfits;
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
        for (screen, width, height, density) in SCREENS {
            tab.resize(width, height, density);
            let name = format!("{look}-{tag}-{told:?}-{screen}");
            tab.photograph(&name);
            found.extend(misfits(&tab).into_iter().map(|line| format!("{name}: {line}")));
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
fn the_bold_look_fits_every_screen_in_every_language() {
    fits("bold");
}

#[test]
fn text_can_be_twice_as_large() {
    // WCAG 2.2, 1.4.4
    let tab = Tab::new();
    let mut found = Vec::new();
    for look in LOOKS {
        Told::MayBeProcessed.show(&tab, look);
        for (screen, width, height, density) in SCREENS {
            tab.resize(width, height, density);
            let sizes = |percent: u32| {
                tab.enlarge_text(percent);
                ["h1", ".lead", "footer dd"].map(|selector| {
                    let element = format!("document.querySelector('{selector}')");
                    let size = tab.run(&format!("parseFloat(getComputedStyle({element}).fontSize)"));
                    (selector, size.as_f64().unwrap())
                })
            };
            for ((selector, before), (_, after)) in sizes(100).into_iter().zip(sizes(200)) {
                // A heading is large already; the smaller the screen, the less it grows.
                let least = if selector == "h1" { 1.4 } else { 1.99 };
                assert!(after >= before * least, "{look} {screen}: {selector} {before} {after}");
            }
            let name = format!("{look}-{screen}-large");
            tab.photograph(&name);
            found.extend(misfits(&tab).into_iter().map(|line| format!("{name}: {line}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
