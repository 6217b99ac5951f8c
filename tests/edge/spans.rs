//! Spans of attempts, as the platform's tracing gets them: workerd hands them to a streaming tail worker, which writes each
//! to the log when it ends.

use std::sync::{Arc, LazyLock};

use faulty_origin::scripts;
use serde_json::{Value, json};
use xtask::serve::Options;

use crate::harness::{Edge, LARGE, Page, eventually, overlay, site};

const PROBED: &str = "/probed-in-a-span";

/// A worker whose requests are traced.
fn traced() -> Arc<Edge> {
    static EDGE: LazyLock<Arc<Edge>> = LazyLock::new(|| {
        let host = site().url();
        let host = host.trim_start_matches("http://");
        let settings = [("probe.path", PROBED), ("probe.host", host), ("log.sample", "1")];
        let options = Options { traces: true, ..Options::default() };
        Arc::new(Edge::with(&[site().url()], &overlay(&settings), options))
    });
    Arc::clone(&EDGE)
}

fn spans(edge: &Edge) -> Vec<Value> {
    let lines = edge.raw_log();
    let spans = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    spans.map(|line| line["span"].clone()).filter(Value::is_object).collect()
}

/// The spans of the attempts of request `id`, once there are `count`, in the order in which they began.
#[track_caller]
fn attempts_of(edge: &Edge, id: &Value, count: usize) -> Vec<Value> {
    let of_request = |span: &Value| span["name"] == "holdfast.attempt" && span["holdfast.request.id"] == *id;
    let found = || spans(edge).into_iter().filter(of_request).collect::<Vec<_>>();
    eventually(&format!("{count} spans, not {:?}", found()), || found().len() >= count);
    assert_eq!(found().len(), count, "{:?}", found());
    found()
}

fn without_ids(mut span: Value) -> Value {
    let fields = span.as_object_mut().unwrap();
    for name in ["root", "parent", "id"] {
        fields.remove(name);
    }
    span
}

#[test]
fn each_attempt_is_a_span_with_the_id_of_the_log_line() {
    let edge = traced();
    let answers =
        [scripts::reset(), scripts::answer("503 Service Unavailable", &[], "x"), scripts::ok("hello")];
    let page = Page::new(answers);
    edge.get(&page).send().is(200, "hello");
    let log = edge.log_of(&page.path);
    let found = attempts_of(&edge, &log["id"], 3);
    let port = site().url().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    for (number, (span, rest)) in found
        .iter()
        .zip([
            json!({ "error.type": "connection_lost", "status": "error" }),
            json!({ "http.response.status_code": 503, "error.type": "503", "status": "error" }),
            json!({ "http.response.status_code": 200 }),
        ])
        .enumerate()
    {
        // Attempts are beside each other, not inside each other.
        assert_eq!(span["parent"], span["root"], "{span}");
        let mut expected = json!({
            "name": "holdfast.attempt",
            "http.request.method": "GET",
            "server.address": "127.0.0.1",
            "server.port": port,
            "holdfast.request.id": log["id"],
            "holdfast.wait_ms": log["attempts"][number].get("waited_ms").unwrap_or(&json!(0)),
        });
        let fields = expected.as_object_mut().unwrap();
        if number > 0 {
            fields.insert("http.request.resend_count".to_owned(), json!(number));
        }
        fields.extend(rest.as_object().unwrap().clone());
        assert_eq!(without_ids(span.clone()), expected);
    }
}

#[test]
fn the_platform_s_span_of_the_fetch_is_in_that_of_the_attempt() {
    let edge = traced();
    let page = Page::new([scripts::reset(), scripts::with_headers(&[], "x".repeat(LARGE))]);
    edge.get(&page).send();
    let log = edge.log_of(&page.path);
    for attempt in attempts_of(&edge, &log["id"], 2) {
        let is_inside = |span: &Value| span["name"] == "fetch" && span["parent"] == attempt["id"];
        eventually("the fetch's span", || spans(&edge).iter().any(is_inside));
    }
}

#[test]
fn a_probe_is_a_span() {
    let edge = traced();
    let _page = Page::at(PROBED, |_| scripts::cloudflare(521));
    edge.probe();
    let found = attempts_of(&edge, &json!("probe"), 1);
    assert_eq!(
        (&found[0]["error.type"], &found[0]["http.response.status_code"]),
        (&json!("edge_refused"), &json!(521))
    );
}

#[test]
fn the_rest_of_a_body_that_broke_off_is_a_span() {
    let edge = traced();
    let body = "x".repeat(LARGE);
    let fields = [("ETag", "\"v1\""), ("Accept-Ranges", "bytes")];
    let range = format!("bytes {}-{}/{LARGE}", LARGE - 10, LARGE - 1);
    let rest = [("ETag", "\"v1\""), ("Content-Range", &range)];
    let page = Page::new([
        scripts::cut_short_with(&fields, &body[10..], 10),
        scripts::answer("206 Partial Content", &rest, "x".repeat(10)),
    ]);
    let answer = edge.get(&page).send();
    assert!(answer.body == body.as_bytes(), "the bytes differ");
    let log = edge.log_of(&page.path);
    let found = attempts_of(&edge, &log["id"], 2);
    assert_eq!(found[1]["http.response.status_code"], 206);
    assert_eq!(found[1]["http.request.resend_count"], 1);
}

#[test]
fn an_attempt_that_its_client_spoils_is_a_span_without_an_error() {
    let edge = traced();
    let page = Page::new([scripts::hang()]);
    let mut open = edge.call("POST", &page.path).with("Transfer-Encoding", "chunked").open();
    open.write(b"5\r\nhello\r\n");
    eventually("the origin has some of it", || page.attempts() > 0);
    open.write(b"zz\r\nwhat\r\n");
    let log = edge.log_of(&page.path);
    let found = attempts_of(&edge, &log["id"], 1);
    assert_eq!(log["outcome"], "client_error", "{log}");
    assert_eq!((found[0].get("error.type"), found[0].get("status")), (None, None), "{}", found[0]);
}
