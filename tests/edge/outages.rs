//! Outages: how many attempts an origin sees in one, what visitors get, and how soon it is over.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, Script, scripts};
use serde_json::json;

use crate::client::Call;
use crate::harness::{Edge, Page, any_port, edge, eventually, guarded, overlay, settle};

const FRESH_FOR_NOW: (&str, &str) = ("Cache-Control", "max-age=0, stale-if-error=600");

/// An origin that answers as long as it is up, and what it has seen.
struct Site {
    origin: Origin,
    is_up: &'static AtomicBool,
    attempts: &'static AtomicUsize,
}

/// One that answers once on each connection: see `harness::site`.
fn site(name: &'static str) -> Site {
    site_that(name, scripts::closing)
}

/// One whose answers are sent as `sends` makes them.
fn site_that(name: &'static str, sends: fn(Script) -> Script) -> Site {
    let is_up: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(true)));
    let attempts: &'static AtomicUsize = Box::leak(Box::default());
    let origin = Origin::start(any_port(), move |_| {
        attempts.fetch_add(1, Ordering::Relaxed);
        if is_up.load(Ordering::Relaxed) {
            sends(scripts::with_headers(&[FRESH_FOR_NOW], name))
        } else {
            scripts::reset()
        }
    });
    Site { origin: origin.unwrap(), is_up, attempts }
}

impl Site {
    fn is(&self, up: bool) {
        self.is_up.store(up, Ordering::Relaxed);
    }

    /// How many attempts came while `work` was done.
    fn sees(&self, work: impl FnOnce()) -> usize {
        let before = self.attempts.load(Ordering::Relaxed);
        work();
        self.attempts.load(Ordering::Relaxed) - before
    }
}

/// A request with the address of a client of its own, as the platform has it.
fn call(edge: &Edge, path: &str) -> Call {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let address = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
    edge.call("GET", path).with("CF-Connecting-IP", &address)
}

/// Asks for longer than the window of the workers here, and is not answered by the first origin.
fn fails_for_a_window(edge: &Edge) {
    for _ in 0..4 {
        ask(edge, "/0");
        thread::sleep(Duration::from_millis(300));
    }
}

fn ask(edge: &Edge, path: &str) -> u16 {
    call(edge, path).send().status()
}

#[test]
fn an_open_breaker_answers_at_once_and_names_what_opened_it() {
    let site = site("one");
    let edge = guarded(&[site.origin.url()]);
    assert_eq!(ask(&edge, "/seen"), 200);
    eventually("a copy", || {
        edge.call("GET", "/seen").with("Cache-Control", "only-if-cached, max-stale").send().status() == 200
    });
    site.is(false);
    fails_for_a_window(&edge);
    // Several sections fail, and none is answered: that is the origin.
    (0..8).for_each(|number| assert_eq!(ask(&edge, &format!("/{number}")), 502));
    // What was well is tried once, for it might still be.
    call(&edge, "/seen").send().is(200, "one");
    let sees = site.sees(|| {
        let answer = call(&edge, "/never").send();
        assert_eq!((answer.status(), answer.error().as_str()), (502, "destination_unavailable"));
        let retry_after = answer.header("retry-after").and_then(|value| value.parse::<u64>().ok());
        assert!(retry_after.is_some_and(|seconds| (1..=2).contains(&seconds)), "{retry_after:?}");
        let answer = call(&edge, "/seen").send();
        answer.is(200, "one");
        assert_eq!(answer.error(), "destination_unavailable");
        let answer = edge.call("POST", "/order").body("x").send();
        assert_eq!(answer.status(), 502);
        assert!(!answer.text().contains("may have"), "nothing was sent: {}", answer.text());
    });
    assert_eq!(sees, 0);
    let line = edge.log_of("/never");
    assert_eq!(
        (&line["opened_by"], &line["stop"]),
        (&json!("connection_lost"), &json!("circuit_open")),
        "{line}"
    );
}

#[test]
fn the_next_origin_takes_over_and_the_first_comes_back_by_a_probe() {
    let (one, two) = (site("one"), site("two"));
    let edge = guarded(&[one.origin.url(), two.origin.url()]);
    edge.call("GET", "/").send().is(200, "one");
    one.is(false);
    let answer = call(&edge, "/0").send();
    assert!(answer.header("server-timing").is_some_and(|timing| timing.contains("2: 200 at origin 2")));
    fails_for_a_window(&edge);
    for number in 0..20 {
        call(&edge, &format!("/{number}")).send().is(200, "two");
    }
    let sees =
        one.sees(|| (0..20).for_each(|number| assert_eq!(ask(&edge, &format!("/more/{number}")), 200)));
    assert!(sees <= 1, "{sees}");
    one.is(true);
    eventually("the first origin again", || edge.call("GET", "/again").send().text() == "one");
}

#[test]
fn at_the_soft_deadline_a_stale_copy_answers_and_the_same_fetch_refreshes_it() {
    let stale = [("Cache-Control", "max-age=60"), ("Age", "61")];
    let page = Page::new([
        scripts::with_headers(&stale, "v1"),
        scripts::late(
            Duration::from_millis(1500),
            scripts::with_headers(&[("Cache-Control", "max-age=60")], "v2"),
        ),
    ]);
    let edge = edge(&overlay(&[("timeouts.serve_stale_after", "300ms")]));
    edge.get(&page).send().is(200, "v1");
    settle();
    let answer = edge.get(&page).send();
    answer.is(200, "v1");
    assert!(answer.head_took < Duration::from_millis(1400), "{:?}", answer.head_took);
    assert_eq!(answer.header("proxy-status"), None, "the origin is slow, and has not failed");
    eventually("the refreshed copy", || edge.get(&page).send().text() == "v2");
    assert_eq!(page.attempts(), 2);
    assert_eq!(edge.log_of(&page.path)["outcome"], "stale_while_slow");
}

/// One second of an outage.
#[derive(Clone, Copy, Debug, Default)]
struct Second {
    requests: usize,
    attempts: usize,
    errors: usize,
    stale: usize,
}

/// `seconds` of 50 requests a second, half of them for ten pages that were stored before, half for pages that nobody has
/// seen. The origin is down from `down` on and up again from `up` on.
fn outage(origins: u64, seconds: u64, down: u64, up: u64) -> (Vec<Second>, usize, Option<Duration>) {
    const A_SECOND: u64 = 50;
    // Connections stay, so that what the platform sends again is among the attempts.
    let sites: Vec<Site> = (0..origins).map(|_| site_that("one", |script| script)).collect();
    let urls: Vec<String> = sites.iter().map(|site| site.origin.url()).collect();
    let attempts = || sites.iter().map(|site| site.attempts.load(Ordering::Relaxed)).sum::<usize>();
    let edge = guarded(&urls);
    for page in 0..10 {
        assert_eq!(ask(&edge, &format!("/stored/{page}")), 200);
    }
    thread::sleep(Duration::from_millis(600));
    let record = Mutex::new(vec![Second::default(); seconds as usize + 1]);
    let stored_errors = AtomicUsize::new(0);
    let (began_at, first_good) = (Instant::now(), Mutex::new(None));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut before = attempts();
            for second in 0..seconds {
                let end = began_at + Duration::from_secs(second + 1);
                sites.iter().for_each(|site| site.is(second < down || second >= up));
                thread::sleep(end.saturating_duration_since(Instant::now()));
                let now = attempts();
                record.lock().unwrap()[second as usize].attempts = now - before;
                before = now;
            }
        });
        for number in 0..seconds * A_SECOND {
            let at = began_at + Duration::from_millis(number * 1000 / A_SECOND);
            thread::sleep(at.saturating_duration_since(Instant::now()));
            let (edge, record, stored_errors, first_good) = (&edge, &record, &stored_errors, &first_good);
            scope.spawn(move || {
                let is_stored = number % 2 == 0;
                let path =
                    if is_stored { format!("/stored/{}", number % 10) } else { format!("/new/{number}") };
                let answer = call(edge, &path).send();
                let second = at.duration_since(began_at).as_secs() as usize;
                let mut record = record.lock().unwrap();
                record[second].requests += 1;
                if answer.status() != 200 {
                    record[second].errors += 1;
                    stored_errors.fetch_add(usize::from(is_stored), Ordering::Relaxed);
                } else if answer.structured("cache-status").contains("fwd=stale")
                    && !answer.error().is_empty()
                {
                    record[second].stale += 1;
                } else if second as u64 >= up {
                    let since = began_at.elapsed().saturating_sub(Duration::from_secs(up));
                    let mut first = first_good.lock().unwrap();
                    *first = Some(first.map_or(since, |known: Duration| known.min(since)));
                }
            });
        }
    });
    let first_good = *first_good.lock().unwrap();
    (record.into_inner().unwrap(), stored_errors.load(Ordering::Relaxed), first_good)
}

#[test]
fn in_an_outage_stored_pages_are_served_and_the_origin_is_left_in_peace() {
    // The figures of docs/outages.md: OUTAGE=45,5,35,1 cargo test --test edge left_in_peace -- --nocapture
    let set = std::env::var("OUTAGE").unwrap_or_else(|_| "8,1,5,1".to_owned());
    let times: Vec<u64> = set.split(',').map(|number| number.parse().unwrap()).collect();
    let [seconds, down, up, origins] = times[..] else {
        panic!("how long, down from, up from, in seconds, and how many origins: {set}")
    };
    let (record, stored_errors, first_good) = outage(origins, seconds, down, up);
    for (second, Second { requests, attempts, errors, stale }) in record.iter().enumerate() {
        println!("second {second}: {requests} requests, {attempts} attempts, {errors} errors, {stale} stale");
    }
    let of_outage = &record[down as usize..up as usize];
    let requests: usize = of_outage.iter().map(|second| second.requests).sum();
    let attempts: usize = of_outage.iter().map(|second| second.attempts).sum();
    println!(
        "{requests} requests in the outage, {attempts} attempts, {stored_errors} errors for stored pages, first good \
         answer {first_good:?} after recovery"
    );
    assert_eq!(stored_errors, 0, "{record:?}");
    assert!(attempts * 10 <= requests * 12, "{attempts} attempts for {requests} requests");
    // The open period, one request, and what a busy machine adds.
    assert!(first_good.is_some_and(|span| span <= Duration::from_secs(2 + 2)), "{first_good:?}");
}
