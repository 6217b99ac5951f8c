//! The dashboard and the page for visitors, as the object renders them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use faulty_origin::{Origin, scripts};
use holdfast::config::Page;
use holdfast::health::latency::Latency;
use holdfast::health::public::{self, BETWEEN};
use holdfast::health::summary::{
    Bar, Circuit, Incident, OriginState, Span, Summary, Touched, Version, Visitors,
};
use holdfast::health::{Bindings, Class, State, View};
use holdfast::response::public_page;
use holdfast::time::Timestamp;
use serde_json::json;

use crate::audit::{broken_words, faint, misfits, violations};
use crate::harness::any_port;
use crate::tab::{Key, Tab};

/// 2026-01-02T03:04:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_767_323_040_000);

fn ago(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

fn span(name: &'static str, step_s: u64, count: u64) -> Span {
    let mut latency = Latency::default();
    for bucket in 3..9 {
        latency.add(bucket, 40);
    }
    let bar = |at: u64| {
        let n = u64::from(at + 9 > count) * 30;
        Bar {
            answers: 900 + at % 7 * 20,
            stale: n,
            retried: n / 2,
            s502: n / 2,
            s504: n,
            s503: n / 6,
            bad_gateway: n,
            gateway_timeout: 2 * n,
            latency,
            ..Bar::default()
        }
    };
    let names = ["", "origin.example.com", "a-rather-long-name-of-an-origin.eu-central-1.example.com:8443"];
    Span {
        name,
        step_s,
        began_at: ago(step_s * count),
        bars: (0..count).map(bar).collect(),
        answers: vec![("origin".to_owned(), 9000), ("stale".to_owned(), 300), ("error_page".to_owned(), 200)],
        attempts: 9100,
        failed_attempts: 900,
        retried: 100,
        not_saved_by_retry: 200,
        stale: 300,
        latency: names.map(|name| (name.to_owned(), latency)).to_vec(),
    }
}

fn outage() -> Summary {
    let origin = "a-rather-long-name-of-an-origin.eu-central-1.example.com:8443";
    let touched = |at| Touched {
        at: ago(at),
        weight: at,
        id: "93a1b2c3d4e5f607-FRA".to_owned(),
        method: "GET".to_owned(),
        host: format!("shop{}.example.com", at % 3),
        path: format!("/a-section-with-a-long-name-{at}/a-page-with-a-long-name"),
        country: "DE".to_owned(),
        origin: origin.to_owned(),
        kind: "no_header_in_time".to_owned(),
        outcome: "error_page".to_owned(),
        status: 504,
    };
    let incident = |began, ended: Option<u64>| Incident {
        id: "1".to_owned(),
        origin: origin.to_owned(),
        place: String::new(),
        class: Class::GatewayTimeout,
        kind: "no_header_in_time".to_owned(),
        what: "sent no header in time",
        began_at: ago(began),
        last_at: ago(ended.unwrap_or(0)),
        answered_at: ended.map(ago),
        ended_at: ended.map(ago),
        attempts: 4120,
        touched: 3010,
        stale: 1200,
        errors: 1810,
        kinds: vec![],
    };
    let version = |tag: &str, seconds| Version {
        id: "9f7ba3c4-5cf5-4a8f-8f2a-1d7d2a2c9a10".to_owned(),
        tag: tag.to_owned(),
        first_at: ago(seconds),
        last_at: NOW,
    };
    let state = |name: &str, state: State| OriginState {
        name: name.to_owned(),
        url: Some(format!("https://{name}")),
        state,
        is_down: state == State::Down,
        is_reached: false,
        end: (state == State::Down).then(|| "no_header_in_time".to_owned()),
        since: Some(ago(425)),
        asked_at: Some(ago(1)),
        last_ok: Some(ago(440)),
        last_probe: Some((ago(45), "edge_connect_timeout".to_owned())),
    };
    Summary {
        at: NOW,
        visitors: Visitors {
            span_s: 60,
            answers: 1830,
            stale: 1006,
            errors: 695,
            answers_lately: 450,
            errors_lately: 170,
        },
        spans: vec![
            span("quarter", 60, 15),
            span("hour", 60, 60),
            span("day", 900, 96),
            span("week", 7200, 84),
        ],
        origins: vec![state("origin.example.com", State::Up), state(origin, State::Down)],
        incidents: vec![incident(425, None), incident(90_000, Some(89_000))],
        touched: (1..9).map(touched).collect(),
        circuits: vec![Circuit {
            origin: origin.to_owned(),
            place: "shop1.example.com/a-section-with-a-long-name/*".to_owned(),
            kind: "no_header_in_time".to_owned(),
            at: ago(3),
        }],
        versions: vec![version("v1.4.0", 500), version("", 200_000)],
        ..Summary::default()
    }
}

fn dashboard(summary: &Summary) -> String {
    View::Html.of(summary, &Bindings { health: true, ..Bindings::default() })
}

fn for_visitors(summary: &Summary) -> String {
    let known = public::both(summary, false);
    let page = Page { brand: Some("Example Shop".to_owned()), ..Page::default() };
    public_page::render(&page, "www.example.com", known.split_once(BETWEEN).map(<[&str; 2]>::from), true).1
}

/// Shows a page, which can be changed behind the tab's back.
fn shown(tab: &Tab, html: String) -> (Origin, Arc<Mutex<String>>) {
    let html = Arc::new(Mutex::new(html));
    let sent = Arc::clone(&html);
    let origin = Origin::start(any_port(), move |_| {
        let fields = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")];
        scripts::with_headers(&fields, sent.lock().unwrap().clone())
    });
    let origin = origin.unwrap();
    tab.go(&origin.url());
    (origin, html)
}

#[test]
fn both_pages_are_accessible_and_fit_every_screen_by_day_and_by_night() {
    let tab = Tab::new();
    let mut found = Vec::new();
    let well = Summary { origins: vec![], incidents: vec![], visitors: Visitors::default(), ..outage() };
    let mut young = outage();
    young.incidents.truncate(1);
    young.incidents[0].origin = "127.0.0.1:80".to_owned();
    let pages = [
        ("dashboard", dashboard(&outage())),
        ("dashboard-well", dashboard(&well)),
        ("dashboard-new", dashboard(&Summary { at: NOW, ..Summary::default() })),
        ("dashboard-young", dashboard(&young)),
        ("public", for_visitors(&outage())),
        ("public-well", for_visitors(&Summary { incidents: vec![], ..well.clone() })),
    ];
    for (name, html) in pages {
        let _origin = shown(&tab, html);
        for (width, height) in [(320, 640), (375, 667), (768, 1024), (1280, 800)] {
            tab.resize(width, height, 1);
            for scheme in ["light", "dark"] {
                tab.prefer(scheme, "reduce");
                let name = format!("{name}-{width}-{scheme}");
                tab.photograph(&name);
                // Where wide tables scroll in boxes of their own, colours cannot be judged, and text is out of sight.
                let mut wrong = match (width, scheme) {
                    (1280, "light") => violations(&tab),
                    (1280, _) => faint(&tab),
                    _ => Vec::new(),
                };
                if scheme == "light" {
                    let is_in_view =
                        |line: &String| !line.contains("leaves the page") && !line.contains("cut off");
                    wrong.extend(misfits(&tab).into_iter().filter(is_in_view));
                    let is_word = |line: &String| {
                        !line.contains(|c: char| c.is_ascii_digit() || ['_', '/', '.', '{'].contains(&c))
                    };
                    wrong.extend(broken_words(&tab).into_iter().filter(is_word));
                }
                found.extend(wrong.into_iter().map(|line| format!("{name}: {line}")));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn on_a_phone_headline_numbers_and_cause_are_on_the_first_screen() {
    let tab = Tab::new();
    tab.resize(375, 667, 2);
    let _origin = shown(&tab, dashboard(&outage()));
    let bottom = tab.run("document.querySelector('.top').getBoundingClientRect().bottom").as_f64().unwrap();
    assert!(bottom <= 667.0, "{bottom}");
    let text = tab.text("document.querySelector('.top').innerText");
    for part in ["1 of 2 origins is down", "got an error", "sent no header in time", "Since", "v1.4.0"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

const CHOSEN: &str = "[...document.querySelectorAll('.span')].filter((it) => it.checkVisibility())
    .map((it) => it.className).join()";

#[test]
fn one_span_is_shown_and_the_choice_outlives_a_refresh_and_a_reload() {
    let tab = Tab::new();
    let (_origin, html) = shown(&tab, dashboard(&outage()));
    assert_eq!(tab.text(CHOSEN), "span quarter");
    tab.click("label[for=pick-day]");
    assert_eq!(tab.text(CHOSEN), "span day");
    tab.run("document.querySelector('#day-answers').open = true");
    tab.run("scrollTo(0, 500)");
    *html.lock().unwrap() = dashboard(&outage()).replace("1 of 2 origins is down", "News");
    tab.run("document.querySelector('#main').dataset.every = 0.1");
    tab.run("const box = document.querySelector('#again input'); box.click(); box.click()");
    tab.until("document.querySelector('h1').textContent === 'News'");
    assert_eq!(tab.text(CHOSEN), "span day");
    assert_eq!(tab.run("document.querySelector('#day-answers').open"), json!(true));
    assert_eq!(tab.run("scrollY"), json!(500));
    tab.run("globalThis.isOld = true, location.reload()");
    tab.until("!globalThis.isOld && document.readyState === 'complete' && document.querySelector('#pick-day').checked");
    assert_eq!(tab.text(CHOSEN), "span day");
}

#[test]
fn the_span_is_chosen_without_scripts_and_by_the_keyboard() {
    let tab = Tab::new();
    tab.without_scripts();
    let _origin = shown(&tab, dashboard(&outage()));
    assert_eq!(tab.text(CHOSEN), "span quarter");
    tab.click("label[for=pick-week]");
    assert_eq!(tab.text(CHOSEN), "span week");
    assert!(tab.text("document.querySelector('.top').innerText").contains("02:56:55 UTC"));
    assert!(tab.text("document.querySelector('#zone').textContent").contains("UTC"));
    for _ in 0..20 {
        tab.press(Key::Tab);
        if tab.run("document.activeElement.name === 'span'") == json!(true) {
            return;
        }
    }
    panic!("the keyboard does not reach the choice");
}

#[test]
fn times_are_those_of_the_reader_with_their_zone() {
    let tab = Tab::new();
    tab.be_in("Europe/Berlin");
    let _origin = shown(&tab, dashboard(&outage()));
    let text = tab.text("document.querySelector('.top').innerText");
    assert!(text.contains("2 Jan, 03:56:55 CET"), "{text}");
    assert!(text.contains("All times are in Europe/Berlin."), "{text}");
    assert_eq!(tab.text("document.querySelector('.top time').title"), "02:56:55 UTC");
    assert_eq!(
        tab.text("document.querySelector('.quarter .axis').innerText.trim().split(/\\s+/)[0]"),
        "03:49"
    );
}
