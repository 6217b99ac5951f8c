//! What operators are told in an outage, and how soon. Real sockets, real time, the settings as they are by default.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, scripts};
use serde_json::Value;

use crate::client::Call;
use crate::harness::{Edge, TOKEN, any_port, eventually};

/// What the origin does.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Does {
    Answers,
    Resets,
    Hangs,
    Answers503,
}

/// A site with its origin, and the operator who watches it.
struct Site {
    edge: Edge,
    origin: Origin,
    hook: Origin,
    does: Arc<AtomicU8>,
}

fn site(quiet: &str) -> Site {
    let does = Arc::new(AtomicU8::new(0));
    let now_does = Arc::clone(&does);
    let origin = Origin::start(any_port(), move |_| match now_does.load(Ordering::Relaxed) {
        0 => scripts::with_headers(&[("Cache-Control", "no-store")], "fine"),
        1 => scripts::reset(),
        2 => scripts::hang(),
        _ => scripts::answer("503 Service Unavailable", &[], "busy"),
    })
    .unwrap();
    let hook = Origin::start(any_port(), |_| scripts::ok("")).unwrap();
    let webhook = format!("{}/hook", hook.url());
    let settings = [
        ("alert.webhook", webhook.as_str()),
        ("alert.quiet", quiet),
        ("timeouts.first_byte", "1s"),
        ("retry.attempts", "2"),
    ];
    let edge = Edge::gathering(&[origin.url()], &settings, None);
    Site { edge, origin, hook, does }
}

impl Site {
    fn does(&self, what: Does) {
        self.does.store(what as u8, Ordering::Relaxed);
    }

    /// Asks as a visitor who was not here before.
    fn visit(&self, path: &str) -> u16 {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
        Call::new(self.edge.addr, "GET", path).with("CF-Connecting-IP", &address).send().status()
    }

    fn dashboard(&self) -> String {
        let call = Call::new(self.edge.addr, "GET", "/.well-known/holdfast/status");
        call.with("Holdfast-Token", TOKEN).browsing().send().text()
    }

    fn headline(&self) -> String {
        let page = self.dashboard();
        let after = page.split_once("<h1>").unwrap().1;
        after.split_once("</h1>").unwrap().0.to_owned()
    }

    fn status(&self) -> Value {
        let call = Call::new(self.edge.addr, "GET", "/.well-known/holdfast/status");
        serde_json::from_slice(&call.with("Holdfast-Token", TOKEN).send().body).unwrap()
    }

    fn alerts(&self) -> Vec<Value> {
        let seen = self.hook.seen();
        seen.iter()
            .filter(|seen| seen.whole)
            .filter_map(|seen| serde_json::from_slice(&seen.body).ok())
            .collect()
    }
}

/// Seconds from the first failure that a visitor got to the dashboard's headline and to the alert, with `rate` requests a
/// second, or as many as the machine bears; and how many requests there were a second.
fn told_after(rate: Option<u64>) -> (f64, f64, f64) {
    let seconds = std::env::var("TELLING").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let site = site("5m");
    let (is_over, requests) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failed_at = std::sync::Mutex::new(None);
    let began = Instant::now();
    thread::scope(|scope| {
        let senders = if rate.is_some() { 1 } else { 8 };
        for _ in 0..senders {
            let (site, is_over, requests, failed_at) = (&site, &is_over, &requests, &failed_at);
            let visit = move || {
                let number = requests.fetch_add(1, Ordering::Relaxed);
                if site.visit(&format!("/{}", number % 50)) != 200 {
                    failed_at.lock().unwrap().get_or_insert_with(Instant::now);
                }
            };
            scope.spawn(move || {
                let mut number = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let Some(rate) = rate else {
                        visit();
                        continue;
                    };
                    let due = began + Duration::from_millis(number * 1000 / rate);
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    number += 1;
                    scope.spawn(visit);
                }
            });
        }
        thread::sleep(Duration::from_secs(seconds));
        let before = (site.headline(), site.alerts().len());
        site.does(Does::Resets);
        let killed = Instant::now();
        let (mut shown, mut told) = (None, None);
        while (shown.is_none() || told.is_none()) && killed.elapsed() < Duration::from_secs(60) {
            if shown.is_none() && site.headline() == "The origin is down" {
                shown = Some(Instant::now());
            }
            if told.is_none() && !site.alerts().is_empty() {
                told = Some(Instant::now());
            }
            thread::sleep(Duration::from_millis(100));
        }
        let a_second = requests.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(before, ("The origin answers".to_owned(), 0));
        let failed = failed_at.lock().unwrap().expect("somebody got an error");
        let after = |at: Option<Instant>| at.map_or(f64::INFINITY, |at| (at - failed).as_secs_f64());
        (after(shown), after(told), a_second)
    })
}

#[test]
fn an_outage_is_told_within_fifteen_seconds_at_any_rate() {
    for rate in [Some(1), Some(30), None] {
        let (shown, told, a_second) = told_after(rate);
        println!("{a_second:.0} requests a second: headline after {shown:.1} s, alert after {told:.1} s");
        assert!(shown <= 15.0 && told <= 15.0, "{rate:?}: {shown} {told}");
    }
}

#[test]
fn an_outage_on_a_quiet_site_is_told_from_its_second_request_to_its_end_and_never_wrongly() {
    let site = site("10s");
    assert_eq!(site.visit("/"), 200);
    eventually("the first answer is known", || site.headline() == "The origin answers");

    site.does(Does::Resets);
    let first_failure = Instant::now();
    assert_eq!(site.visit("/a"), 502);
    assert_eq!(site.visit("/b"), 502);
    let second = Instant::now();
    eventually("the headline", || site.headline() == "The origin is down");
    println!("two requests: headline {:.1} s after the second", second.elapsed().as_secs_f64());
    eventually("the alert", || site.alerts().len() == 1);
    println!("two requests: alert {:.1} s after the second", second.elapsed().as_secs_f64());
    let since = site.status()["origins"][0]["since"].clone();

    // Nobody comes for more than twice the time of quiet.
    while first_failure.elapsed() < Duration::from_secs(25) {
        assert_eq!((site.headline().as_str(), site.alerts().len()), ("The origin is down", 1));
        thread::sleep(Duration::from_millis(500));
    }

    site.does(Does::Hangs);
    assert_eq!(site.visit("/c"), 504);
    eventually("the kind", || site.status()["origins"][0]["end"] == "no_header_in_time");
    let page = site.dashboard();
    let told = |page: &str, words: &str| page.find(words).unwrap_or_else(|| panic!("{words} in {page}"));
    assert!(told(&page, "The origin sent no header in time") < told(&page, "What to check"));

    site.does(Does::Answers503);
    assert_eq!(site.visit("/d"), 503);
    eventually("the kind", || site.status()["origins"][0]["end"] == "own_503");
    let page = site.dashboard();
    assert!(told(&page, "The origin answered 503") < told(&page, "What to check"));
    assert!(!page.split_once("<section class=\"spans\"").unwrap().0.contains("sent no header in time"));
    let status = site.status();
    assert_eq!(status["origins"][0]["since"], since);
    let incidents = status["incidents"].as_array().unwrap();
    let kinds = incidents[0]["kinds"].as_array().unwrap().iter().map(|kind| kind["kind"].as_str().unwrap());
    assert_eq!(
        (incidents.len(), kinds.collect::<Vec<_>>()),
        (1, vec!["connection_lost", "no_header_in_time", "own_503"])
    );
    assert_eq!(incidents[0]["began_at"], since);

    site.does(Does::Answers);
    assert_eq!(site.visit("/e"), 200);
    eventually("the recovery", || site.headline() == "The origin answers again");
    let page = site.dashboard();
    let now = page.split_once("<section class=\"spans\"").unwrap().0;
    assert!(
        now.contains("It failed from ")
            && now.contains("4 requests touched")
            && !now.contains("What to check"),
        "{now}"
    );
    eventually("the end", || site.alerts().len() == 2);
    let alerts = site.alerts();
    let end = &alerts[1];
    println!("{}", end["text"]);
    assert_eq!((&end["event"], &end["touched"], &end["errors"]), (&"end".into(), &4.into(), &4.into()));
    assert!(end["text"].as_str().unwrap().starts_with("Over after "), "{end}");
    assert!((25..60).contains(&end["lasted_s"].as_u64().unwrap()), "{end}");
    eventually("the all-clear", || site.headline() == "The origin answers");
    assert!(!site.origin.url().is_empty());
}
