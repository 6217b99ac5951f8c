//! What is on the page works: by mouse, by keyboard, and without scripts.

use crate::harness::{Page, eventually};
use crate::pages::{LOOKS, Told, answer_to, own_error, real, url};
use crate::tab::{Key, Tab};

/// A page whose site is down for as long as the test runs.
fn failing() -> Page {
    Page::by(|seen| answer_to(seen, own_error("503 Service Unavailable", Some(60))))
}

#[test]
fn the_keyboard_reaches_everything_in_reading_order_and_shows_where_it_is() {
    let tab = Tab::new();
    tab.focus();
    for look in LOOKS {
        for tag in ["en", "ar"] {
            tab.speak(tag);
            Told::BadAnswer.show(&tab, look);
            let expected = tab.run(
                "[...document.querySelectorAll('a[href], button')]
                   .filter((element) => element.checkVisibility()).map((element) => element.textContent)",
            );
            let expected = expected.as_array().unwrap();
            assert!(expected.len() >= 3, "{look} {tag}: {expected:?}");
            let mut last = None;
            for text in expected {
                tab.press(Key::Tab);
                let focused = tab.run(
                    "(() => {
                       const element = document.activeElement, style = getComputedStyle(element);
                       const box = element.getBoundingClientRect();
                       return {
                         text: element.textContent,
                         isSeen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
                           && box.top > -1 && box.bottom < innerHeight + 1,
                         bottom: box.bottom + scrollY, top: box.top + scrollY,
                         start: document.dir === 'rtl' ? -box.right : box.left,
                       };
                     })()",
                );
                assert_eq!(focused["text"], *text, "{look} {tag}");
                assert_eq!(focused["isSeen"], true, "{look} {tag}: {focused}");
                let at = |side: &str| focused[side].as_f64().unwrap();
                if let Some((top, bottom, start)) = last {
                    let is_below = at("top") >= bottom;
                    let is_beside = at("top") < bottom && at("bottom") > top && at("start") > start;
                    assert!(is_below || is_beside, "{look} {tag}: {text} comes after what it stands before");
                }
                last = Some((at("top"), at("bottom"), at("start")));
            }
        }
    }
}

#[test]
fn enter_tries_again() {
    let (tab, page) = (Tab::new(), failing());
    tab.focus();
    tab.go(&url(&page));
    page.now([real("The site")]);
    tab.press(Key::Tab);
    assert_eq!(tab.run("document.activeElement.matches('a.button')"), true, "it is the first thing to do");
    tab.press(Key::Enter);
    tab.until_titled("The site");
    assert_eq!(page.seen().last().unwrap().method, "GET");
}

#[test]
fn without_scripts_the_page_promises_nothing_that_needs_them() {
    let (tab, page) = (Tab::new(), failing());
    tab.without_scripts();
    tab.go(&url(&page));
    for selector in ["#copy", "#return"] {
        let shown = tab.run(&format!(
            "document.querySelector('{selector}').innerText.trim() !== '' &&
            document.querySelector('{selector}').checkVisibility()"
        ));
        assert_eq!(shown, false, "{selector}");
    }
    page.now([real("The site")]);
    tab.click("a.button");
    tab.until_titled("The site");
}

#[test]
fn the_details_can_be_copied() {
    let (tab, page) = (Tab::new(), failing());
    tab.allow_clipboard();
    tab.focus();
    tab.go(&url(&page));
    tab.until("document.getElementById('copy').checkVisibility()");
    let label = tab.text("document.getElementById('copy').textContent");
    let details =
        tab.run("[...document.querySelectorAll('#details dt, #details dd')].map((part) => part.textContent)");
    let details = details.as_array().unwrap();
    assert!(details.len() >= 6, "request, time and address: {details:?}");
    tab.click("#copy");
    let mut copied = String::new();
    eventually("the clipboard has the details", || {
        copied = tab.text("navigator.clipboard.readText()");
        details.iter().all(|part| copied.contains(part.as_str().unwrap()))
    });
    assert!(copied.contains("503"), "{copied}");
    let is_label = format!("document.getElementById('copy').textContent === {label:?}");
    assert_eq!(tab.run(&is_label), false, "it says that it has copied");
    tab.click("#copy");
    tab.until(&is_label);
}
