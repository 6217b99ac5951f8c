//! The page asks nobody for anything but itself, and runs nothing but itself.

use std::time::Duration;

use crate::harness::site;
use crate::pages::{LOOKS, Told, url};
use crate::tab::{Asked, Tab, for_a_while};

#[test]
fn a_page_is_one_request() {
    let tab = Tab::new();
    for look in LOOKS {
        for told in Told::ALL {
            let before = tab.asked().len();
            let page = told.show(&tab, look);
            let document =
                |method: &&str| Asked { method: (*method).to_owned(), url: url(&page), is_document: true };
            let methods = if told.is_of_a_form() { &["GET", "POST"][..] } else { &["GET"] };
            let expected: Vec<_> = methods.iter().map(document).collect();
            for_a_while(Duration::from_millis(100), "nothing else is asked for", || {
                tab.asked()[before..] == expected
            });
        }
    }
    let seen = site().seen();
    assert!(seen.iter().all(|seen| seen.path() != "/favicon.ico"), "the browser looks for an icon");
}

#[test]
fn what_is_not_the_pages_own_does_not_run() {
    let tab = Tab::new();
    Told::BadAnswer.show(&tab, "calm");
    let outcome = tab.text(
        "new Promise((report) => {
           globalThis.ran = false;
           document.addEventListener('securitypolicyviolation', ({ effectiveDirective: stopped }) => report(stopped));
           const script = document.createElement('script');
           script.textContent = 'globalThis.ran = true';
           document.body.append(script);
           if (globalThis.ran) report('it ran');
         })",
    );
    assert_eq!(outcome, "script-src-elem");
    tab.forgive();
}
