//! No harm: what fails, and who is rude, costs no other visitor anything. In each world the site is well but for what is
//! said, and what it answers well visitors get.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use faulty_origin::{Origin, Script, Seen, scripts};

use crate::client::{Answer, Call};
use crate::harness::{Edge, Settings, any_port};

/// How long each world lasts.
const SPAN: Duration = Duration::from_secs(6);

/// An origin that answers every page but those that `fails` says something of. It closes its connections, so that nothing
/// is sent again by the platform.
fn site(fails: impl Fn(&Seen) -> Option<Script> + Send + Sync + 'static) -> Origin {
    Origin::start(any_port(), move |seen| {
        fails(seen).unwrap_or_else(|| scripts::closing(scripts::ok("well")))
    })
    .unwrap()
}

/// Settings that hold where nothing is set, but for limits of time.
const SOON: Settings<'_> = &[("timeouts.first_byte", "1s"), ("timeouts.total", "4s")];

/// A worker before `origin` with those.
fn before(origin: &Origin) -> Edge {
    Edge::start(&[origin.url()], SOON)
}

/// Whether requests carry the address of their client, as the platform has it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Addresses {
    Known,
    Unknown,
}

impl Addresses {
    fn put(self, call: Call, client: u64) -> Call {
        let address = format!("10.{}.{}.{}", client >> 16 & 255, client >> 8 & 255, client & 255);
        if self == Self::Known { call.with("CF-Connecting-IP", &address) } else { call }
    }
}

/// `per_second` requests for [`SPAN`], each of another client; gives what they got.
fn visitors(per_second: u64, ask: impl Fn(u64) -> Call + Sync) -> Vec<Answer> {
    visits(per_second, ask).into_iter().map(|visit| visit.answer).collect()
}

/// What a client got, by its number and when it asked.
struct Visit {
    client: u64,
    at: Duration,
    answer: Answer,
}

fn visits(per_second: u64, ask: impl Fn(u64) -> Call + Sync) -> Vec<Visit> {
    let (began_at, answers) = (Instant::now(), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for number in 0..SPAN.as_secs() * per_second {
            let at = began_at + Duration::from_millis(number * 1000 / per_second);
            thread::sleep(at.saturating_duration_since(Instant::now()));
            let (ask, answers) = (&ask, &answers);
            scope.spawn(move || {
                let answer = ask(number).send();
                let visit = Visit { client: number, at: at - began_at, answer };
                answers.lock().unwrap().push(visit);
            });
        }
    });
    answers.into_inner().unwrap()
}

/// How many of `answers` are not what the site gives.
#[track_caller]
fn harmed(what: &str, answers: &[Answer]) -> usize {
    let harmed: Vec<_> = answers.iter().filter(|answer| answer.status() != 200).collect();
    println!("{what}: {} of {} refused", harmed.len(), answers.len());
    for answer in &harmed {
        println!("    {} {:?}", answer.status(), answer.header("proxy-status"));
    }
    harmed.len()
}

#[test]
fn pages_that_fail_cost_the_others_nothing_whatever_share_of_the_traffic_they_are() {
    for addresses in [Addresses::Known, Addresses::Unknown] {
        let origin = site(|seen| match seen.path() {
            "/fails/reset" => Some(scripts::reset()),
            "/fails/garbage" => Some(scripts::garbage()),
            "/fails/hang" => Some(scripts::hang()),
            "/fails/502" => Some(scripts::answer("502 Bad Gateway", &[], "own")),
            "/fails/503" => Some(scripts::answer("503 Service Unavailable", &[], "own")),
            _ => None,
        });
        let edge = before(&origin);
        let call = |path: &str, client| addresses.put(edge.call("GET", path), client);
        thread::scope(|scope| {
            for (number, fault) in ["reset", "garbage", "hang", "502", "503"].into_iter().enumerate() {
                let (call, path) = (&call, format!("/fails/{fault}"));
                scope.spawn(move || {
                    // 30 a second for what fails, 10 for what is well.
                    visitors(6, |client| call(&path, 1000 * (number as u64 + 1) + client))
                });
            }
            let others = visitors(10, |client| call(&format!("/well/{}", client % 10), client));
            assert_eq!(harmed(&format!("five pages fail, addresses {addresses:?}"), &others), 0);
        });
    }
}

/// What a page that fails costs: of 100 requests so many are for it, and so many come in a second.
fn share_of_traffic(fault: &'static str, share: u64, per_second: u64) {
    let origin = site(move |seen| {
        (seen.path() == "/fails").then(|| match fault {
            "reset" => scripts::reset(),
            "garbage" => scripts::garbage(),
            "hang" => scripts::hang(),
            "own 502" => scripts::answer("502 Bad Gateway", &[], "own"),
            _ => scripts::answer("503 Service Unavailable", &[], "own"),
        })
    });
    let edge = before(&origin);
    let is_failing = |client: u64| client * 37 % 100 < share;
    let visits = visits(per_second, |client| {
        let path = if is_failing(client) { "/fails".to_owned() } else { format!("/well/{}", client % 20) };
        Addresses::Known.put(edge.call("GET", &path), client)
    });
    let (failing, others): (Vec<_>, Vec<_>) = visits.into_iter().partition(|visit| is_failing(visit.client));
    let refused = others.iter().filter(|visit| visit.answer.status() != 200).count();
    let noticed = failing.iter().filter(|visit| visit.answer.error() == "destination_unavailable");
    let noticed = noticed.map(|visit| visit.at).min();
    let attempts = origin.seen().iter().filter(|seen| seen.path() == "/fails").count();
    let asked = failing.len();
    println!(
        "| {fault} | {share} % of {per_second} a second | {refused} of {} | {attempts} for {asked} | {noticed:.1?} |",
        others.len()
    );
    assert_eq!(refused, 0, "{fault}, {share} % of {per_second} a second");
    // A budget's reserve, and a fifth.
    assert!(attempts * 10 <= asked * 12 + 110, "{attempts} attempts for {asked} requests");
}

#[test]
fn a_page_that_fails_costs_the_others_nothing_at_any_share_of_the_traffic() {
    // All figures: HARM=1,10,50,90/1,10,100 cargo test --test edge any_share_of_the_traffic -- --nocapture
    let set = std::env::var("HARM").unwrap_or_else(|_| "50/20".to_owned());
    let (shares, rates) = set.split_once('/').expect("shares in percent, a slash, requests a second");
    let numbers = |text: &str| text.split(',').map(|number| number.parse().unwrap()).collect::<Vec<u64>>();
    for per_second in numbers(rates) {
        for share in numbers(shares) {
            let faults = ["reset", "garbage", "hang", "own 502", "own 503"];
            // Five sites at a hundred requests a second each are more than a small machine can serve in time.
            let at_once = if per_second < 50 { faults.len() } else { 1 };
            for faults in faults.chunks(at_once) {
                thread::scope(|scope| {
                    for fault in faults {
                        scope.spawn(move || share_of_traffic(fault, share, per_second));
                    }
                });
            }
        }
    }
}

#[test]
fn a_burst_that_a_rate_limiter_turns_away_closes_nothing_for_others() {
    for addresses in [Addresses::Known, Addresses::Unknown] {
        let origin = site(|seen| {
            let busy = || scripts::answer("503 Service Unavailable", &[("Retry-After", "60")], "slow down");
            seen.header("user-agent").filter(|agent| *agent == "burst").map(|_| busy())
        });
        let edge = before(&origin);
        let call = |client| addresses.put(edge.call("GET", "/"), client);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_secs(1));
                for _ in 0..8 {
                    scope.spawn(|| call(1 << 20).with("User-Agent", "burst").send());
                }
            });
            let others = visitors(20, call);
            assert_eq!(harmed(&format!("a burst of eight, addresses {addresses:?}"), &others), 0);
        });
    }
}

#[test]
fn a_site_whose_pages_fail_now_and_then_answers_all_of_them() {
    let failed = Mutex::new(std::collections::HashSet::new());
    let origin = site(move |seen| {
        let is_first = seen.path().contains("new") && failed.lock().unwrap().insert(seen.path().to_owned());
        let faults = [scripts::reset(), scripts::answer("503 Service Unavailable", &[], "own")];
        is_first.then(|| faults[seen.path().len() % 2].clone())
    });
    let edge = before(&origin);
    // The budget gives one retry in five requests in the long run.
    let answers = visitors(20, |client| {
        let page = if client % 12 == 0 { format!("new-{client}") } else { format!("well-{}", client % 5) };
        Addresses::Known.put(edge.call("GET", &format!("/pages/{page}")), client)
    });
    assert_eq!(harmed("pages that fail once", &answers), 0);
}

#[test]
fn uploads_that_their_clients_break_off_or_leave_lying_cost_the_others_nothing() {
    let origin = site(|_| None);
    let edge = Edge::start(&[origin.url()], &[("timeouts.idle", "1s"), ("timeouts.first_byte", "1s")]);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for round in 0..5_u64 {
                    let mut open = edge.call("POST", "/upload").with("Content-Length", "1000").open();
                    open.write(b"the beginning");
                    // Half of them fall silent, and half break off.
                    if round % 2 == 0 {
                        scope.spawn(move || {
                            thread::sleep(Duration::from_secs(2));
                            drop(open);
                        });
                    }
                }
                thread::sleep(Duration::from_secs(1));
            }
        });
        let others = visitors(20, |client| {
            Addresses::Unknown.put(edge.call("GET", &format!("/{}", client % 10)), client)
        });
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(harmed("broken and silent uploads", &others), 0);
    });
    assert!(origin.seen().iter().all(|seen| seen.method != "POST" || !seen.whole), "none was whole");
}

#[test]
fn in_a_total_outage_every_error_tells_a_bad_answer_from_a_late_one() {
    for (fault, status) in [(scripts::reset(), 502), (scripts::hang(), 504)] {
        let origin = site(move |_| Some(fault.clone()));
        let edge = Edge::start(&[origin.url()], &[SOON, &[("breaker.window", "1s")]].concat());
        let answers = visitors(40, |client| {
            Addresses::Known.put(edge.call("GET", &format!("/{}", client % 8)).browsing(), client)
        });
        let told = answers.iter().filter(|answer| answer.status() == status).count();
        let at_once = answers.iter().filter(|answer| answer.error() == "destination_unavailable").count();
        println!("{status}: {told} of {} errors, {at_once} without asking the origin", answers.len());
        assert_eq!(told, answers.len(), "{status}");
        assert!(at_once * 2 > answers.len(), "{at_once} of {}", answers.len());
    }
}

#[test]
fn a_client_that_takes_the_probe_and_leaves_keeps_nobody_from_a_site_that_is_back() {
    let is_up: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
    // It takes its time, so that whoever leaves does so before the answer.
    let origin = site(|_| {
        (!is_up.load(Ordering::Relaxed))
            .then(scripts::reset)
            .or_else(|| Some(scripts::late(Duration::from_millis(400), scripts::ok("well"))))
    });
    let settings = [
        ("breaker.open_for", "1s"),
        ("breaker.window", "1s"),
        ("timeouts.first_byte", "5s"),
        ("cache.enabled", "false"),
    ];
    let edge = Edge::start(&[origin.url()], &settings);
    let call = |client: u64| Addresses::Known.put(edge.call("GET", "/page"), client);
    for client in 0..12 {
        call(client).send();
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(call(20).send().error(), "destination_unavailable");
    is_up.store(true, Ordering::Relaxed);
    thread::sleep(Duration::from_millis(1100));
    let rude = call(21).open();
    thread::sleep(Duration::from_millis(100));
    drop(rude);
    thread::sleep(Duration::from_millis(900));
    assert_eq!(call(22).send().status(), 200);
}
