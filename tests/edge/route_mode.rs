//! Route mode: without `origins` the worker stands on a route, and its requests go to the zone's own origin.
//!
//! Here whatever the worker fetches goes to the site that the tests share, under the visitor's own URL.

use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use faulty_origin::{Origin, scripts};
use xtask::serve::Options;

use crate::client::{Call, HOST};
use crate::harness::{Edge, GUARDED, Page, QUICK, QUICK_TOTAL, any_port, eventually, overlay, settle, site};

const LASTING: (&str, &str) = ("Cache-Control", "max-age=600");

/// The worker with the limits of [`QUICK`] on a route of the site.
fn route() -> Arc<Edge> {
    static ROUTE: LazyLock<Arc<Edge>> = LazyLock::new(|| Arc::new(Edge::on_route(site().addr(), QUICK)));
    Arc::clone(&ROUTE)
}

#[test]
fn a_request_reaches_the_zone_s_own_origin_and_its_answer_the_visitor_as_they_came() {
    let fields = [("Content-Type", "text/plain"), ("X-Own", "1"), ("Cache-Control", "no-store")];
    let page = Page::new([scripts::answer("201 Created", &fields, "made")]);
    let target = format!("{}?a=%20b&c", page.path);
    let answer = route().call("POST", &target).with("X-Asked", "1").body("an upload").send();
    answer.is(201, "made");
    assert_eq!((answer.header("x-own"), answer.header("content-length")), (Some("1"), Some("4")));
    let seen = page.seen().remove(0);
    assert_eq!(
        (seen.method.as_str(), &*seen.target, &*seen.body),
        ("POST", &*target, b"an upload".as_slice())
    );
    assert_eq!((seen.header("host"), seen.header("x-forwarded-host")), (Some(HOST), Some(HOST)));
    assert_eq!((seen.header("x-asked"), page.attempts()), (Some("1"), 1));
}

#[test]
fn what_the_zone_s_own_origin_lets_be_stored_is_answered_from_the_cache() {
    let page = Page::new([scripts::with_headers(&[LASTING], "v1"), scripts::ok("v2")]);
    let first = route().get(&page).send();
    assert_eq!(first.is(200, "v1").structured("cache-status"), "Holdfast;fwd=uri-miss;stored");
    eventually("a hit", || {
        let next = route().get(&page).send();
        next.is(200, "v1").structured("cache-status").starts_with("Holdfast;hit")
    });
    assert_eq!(page.attempts(), 1);
}

#[test]
fn a_failing_zone_s_own_origin_is_asked_again_and_then_covered_by_the_copy_or_a_page() {
    let busy = || scripts::answer("503 Service Unavailable", &[], "");
    let page = Page::new([busy(), scripts::ok("well")]);
    let answer = route().get(&page).send();
    assert_eq!((answer.is(200, "well").status(), page.attempts()), (200, 2));
    assert_eq!(page.seen().remove(1).header("holdfast-attempt"), Some("2"));

    let expired = [("Cache-Control", "max-age=1, stale-if-error=600"), ("Age", "1")];
    let page = Page::new([scripts::with_headers(&expired, "last good")]);
    route().get(&page).send().is(200, "last good");
    settle();
    page.now([scripts::reset()]);
    let answer = route().get(&page).send();
    assert_eq!(answer.is(200, "last good").error(), "connection_terminated");
    let line = route().log_of(&page.path);
    assert_eq!((&line["outcome"], &line["attempts"][0]["origin"]), (&"stale".into(), &"zone".into()));

    for (script, status, error) in [
        (scripts::reset(), 502, "connection_terminated"),
        (scripts::hang(), 504, "http_response_timeout"),
        (scripts::cloudflare(521), 502, "connection_refused"),
        (scripts::cloudflare_530(1016), 502, "dns_error"),
    ] {
        let page = Page::new([script]);
        let answer = route().get(&page).browsing().send();
        assert_eq!((answer.status(), answer.error().as_str()), (status, error));
        assert!(answer.text().starts_with("<!doctype html>"), "{}", answer.text());
        assert!(answer.took < QUICK_TOTAL, "{:?}", answer.took);
    }
}

#[test]
fn where_nobody_listens_at_the_zone_s_own_origin_there_is_a_page() {
    let gone = Origin::start(any_port(), |_| scripts::ok("never")).unwrap();
    gone.refuse();
    let edge = Edge::on_route(gone.addr(), QUICK);
    let answer = edge.call("GET", "/").browsing().send();
    assert_eq!((answer.status(), answer.error().as_str()), (502, "connection_terminated"));
    assert!(answer.text().starts_with("<!doctype html>"), "{}", answer.text());
}

#[test]
fn a_zone_s_own_origin_that_is_down_is_left_alone_and_found_when_it_is_back() {
    let origin = Origin::start(any_port(), |_| scripts::ok("well")).unwrap();
    let edge = Edge::on_route(origin.addr(), &overlay(GUARDED));
    let ask = |path: &str| edge.call("GET", path).send();
    ask("/").is(200, "well");
    origin.refuse();
    // Pages of several groups fail: that is no page's own failure any more.
    let mut paths = (0..).map(|n| format!("/group-{}/{n}", n % 5));
    let until_closed = paths.by_ref().take(60).find(|path| {
        thread::sleep(Duration::from_millis(100));
        let answer = ask(path);
        assert!(answer.status() >= 502, "{answer:?}");
        answer.error() == "destination_unavailable"
    });
    assert!(until_closed.is_some(), "it is asked all the time");
    origin.listen().unwrap();
    let before = origin.seen().len();
    eventually("an answer", || ask(&paths.next().unwrap()).status() == 200);
    assert!(origin.seen().len() > before);
}

#[test]
fn an_exception_in_the_worker_falls_through_to_the_zone_s_own_origin() {
    let options = Options { zone: Some(site().addr().to_string()), ..Options::default() };
    let edge = Edge::watched(&[], &overlay(&[("timeouts.first_byte", "5s")]), options);
    edge.call("GET", "/warm-up").send();
    let call = |method: &str, page: &Page| Call::new(edge.addr, method, &page.path);
    // How often Holdfast itself has asked by the time it dies.
    for (moment, asked) in [("fetch", 0), ("resolve", 0), ("resolve_response", 1)] {
        let page = Page::new([scripts::with_headers(&[("Cache-Control", "private")], "well")]);
        let answer = call("GET", &page).with("Dies", moment).send();
        answer.is(200, "well");
        assert_eq!((answer.header("cache-status"), answer.error().as_str()), (None, ""), "{moment}");
        assert_eq!(page.attempts(), asked + 1, "{moment}");
        let last = page.seen().pop().unwrap();
        assert_eq!((last.header("host"), last.header("holdfast-hop")), (Some(HOST), None), "{moment}");
        // The next one is served by a new instance.
        let next = call("GET", &page).send();
        next.is(200, "well");
        assert!(next.header("cache-status").is_some(), "{moment}: {next:?}");
    }
    // What the origin may have acted upon does not come to it again.
    let page = Page::new([scripts::ok("done")]);
    let answer = call("POST", &page).with("Dies", "resolve_response").send();
    assert_eq!((answer.status(), answer.error().as_str(), page.attempts()), (500, "proxy_internal_error", 1));
}

#[test]
fn another_worker_of_the_same_zone_is_a_mistake_of_configuration() {
    let page = Page::new([scripts::cloudflare_530(1042)]);
    let answer = route().get(&page).send();
    assert_eq!((answer.status(), answer.error().as_str()), (500, "proxy_configuration_error"));
}
