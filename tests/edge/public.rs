//! The page that tells visitors how the site is.

use std::collections::BTreeSet;
use std::thread;

use faulty_origin::{Origin, scripts};
use serde_json::Value;

use crate::client::Answer;
use crate::harness::{Edge, any_port, eventually, overlay, quick};

const ADDRESS: &str = "/.well-known/holdfast/public";

fn look(edge: &Edge) -> Answer {
    edge.call("GET", ADDRESS).with("Accept", "application/json").send()
}

fn state(answer: &Answer) -> Value {
    let json: Value = serde_json::from_slice(&answer.body).unwrap();
    json["state"].clone()
}

#[test]
fn visitors_see_an_outage_and_nothing_of_what_is_behind_the_site() {
    let origin = Origin::start(any_port(), |_| scripts::reset()).unwrap();
    let settings =
        [("page.public_status", "true"), ("page.brand", "'Example Shop'"), ("retry.attempts", "1")];
    let edge = Edge::gathering(&[origin.url()], &overlay(&settings), None);
    for _ in 0..8 {
        edge.call("GET", "/secret/page").send();
    }
    eventually("the outage is told", || {
        let answer = look(&edge);
        assert_eq!((answer.status(), answer.header("cache-control")), (200, Some("public, max-age=10")));
        state(&answer) == "down"
    });
    let page = edge.call("GET", ADDRESS).browsing().send();
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains("<h1>The site cannot be reached at the moment.</h1>"), "{}", page.text());
    assert!(page.text().contains("Example Shop"));
    let json = look(&edge).text();
    let (_, text) = page.text().split_once("</style>").map(|(_, text)| ((), text.to_owned())).unwrap();
    let port = origin.addr().port().to_string();
    for secret in ["secret", "127.0.0.1", &port, "connection", "502", "origin", "HOLDFAST"] {
        assert!(!text.contains(secret) && !json.contains(secret), "{secret} in {text}\n{json}");
    }
    let head = edge.call("HEAD", ADDRESS).send();
    assert_eq!((head.status(), head.body.len()), (200, 0));
    assert_eq!(edge.call("POST", ADDRESS).send().status(), 405);
}

#[test]
fn a_thousand_visitors_at_once_ask_the_object_a_few_times() {
    let origin = Origin::start(any_port(), |_| scripts::ok("fine")).unwrap();
    let edge = Edge::gathering(&[origin.url()], &overlay(&[("page.public_status", "true")]), None);
    // The object says when it was asked.
    let told = thread::scope(|scope| {
        let crowd: Vec<_> =
            (0..20).map(|_| scope.spawn(|| (0..50).map(|_| look(&edge)).collect::<Vec<_>>())).collect();
        crowd.into_iter().flat_map(|visitors| visitors.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(told.len(), 1000);
    let mut times = BTreeSet::new();
    for answer in &told {
        assert_eq!(answer.status(), 200, "{answer:?}");
        let json: Value = serde_json::from_slice(&answer.body).unwrap();
        times.insert(json["at"].as_str().unwrap().to_owned());
    }
    println!("a thousand visitors were told {} times", times.len());
    assert!(times.len() <= 4, "{times:?}");
    assert_eq!(origin.seen().len(), 0, "nobody asked the origin");
}

#[test]
fn the_page_is_closed_unless_the_operator_opens_it_and_honest_without_the_object() {
    assert_eq!(quick().call("GET", ADDRESS).send().status(), 404);
    let origin = Origin::start(any_port(), |_| scripts::ok("fine")).unwrap();
    let edge = Edge::start(&[origin.url()], &overlay(&[("page.public_status", "true")]));
    let answer = look(&edge);
    assert_eq!((answer.status(), state(&answer)), (503, "unknown".into()));
    let page = edge.call("GET", ADDRESS).browsing().send();
    assert_eq!(page.status(), 503);
    assert!(page.text().contains("It is not known at the moment how the site is."), "{}", page.text());
}
