//! Holdfast before a Worker that somebody has already (`before`): that Worker is the origin.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use faulty_origin::scripts;
use serde_json::Value;
use xtask::build;
use xtask::counting::with_entry;
use xtask::serve::Options;

use crate::harness::{Edge, Page, QUICK_TOTAL, eventually, overlay, site};

const WORKER: &str = include_str!("before/worker.js");

/// A Worker that gives settings of its own to the one behind it, which has read others while it started.
const PASSING_ON: &str = r#"
import { before, OriginHealth } from "./before.js";
export { OriginHealth };
const inner = before({ fetch: () => { throw new Error("down"); } });
const brand = (env) => ({ ...env.HOLDFAST, page: { brand: "Passed & On" } });
export default { fetch: (request, env, ctx) => inner.fetch(request, { ...env, HOLDFAST: brand(env) }, ctx) };
"#;

/// The Worker `script`, with the limits of `QUICK`.
fn started(name: &str, script: &str) -> Edge {
    let built = build::ensure().unwrap();
    let folder = with_entry(&built, name, script).unwrap();
    let settings = overlay(&[("probe.path", "/probed"), ("probe.host", "www.example.test")]);
    Edge::with(&[], &settings, Options { keep: true, built: Some(folder), ..Options::default() })
}

fn wrapped() -> Arc<Edge> {
    static WRAPPED: LazyLock<Arc<Edge>> = LazyLock::new(|| Arc::new(started("before", WORKER)));
    Arc::clone(&WRAPPED)
}

/// How often the Worker was asked for `path`.
fn asked(path: &str) -> String {
    wrapped().call("GET", &format!("/count?of={path}")).send().text()
}

#[test]
fn a_wrapped_worker_gets_the_request_and_its_environment_and_the_visitor_its_answer() {
    let answer = wrapped().call("POST", "/tells/a?b=%20c").with("X-Own", "1").body("an upload").send();
    assert_eq!((answer.status(), answer.header("set-cookie")), (201, Some("a=1")));
    let told: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!((told["method"].as_str(), told["own"].as_str()), (Some("POST"), Some("1")));
    assert_eq!((told["body"].as_str(), told["settings"].as_str()), (Some("an upload"), Some("object")));
    assert_eq!(told["url"], "http://www.example.test/tells/a?b=%20c");
    assert_eq!(wrapped().call("GET", "/none").send().status(), 404);
}

#[test]
fn what_a_wrapped_worker_throws_is_a_failure_of_the_origin_and_is_retried() {
    wrapped().call("GET", "/throws-once").send().is(200, "answered, asked 2 times");
    for path in ["/throws/a", "/nothing/a"] {
        let failed = wrapped().call("GET", path).with("Accept", "text/html").send();
        assert_eq!(failed.status(), 502, "{path}");
        assert!(
            failed.text().contains("Example &#38; Sons") && failed.header("proxy-status").is_some(),
            "{path}: {}",
            failed.text()
        );
        assert_eq!(failed.error(), "connection_terminated", "{path}");
        assert_eq!(asked(path), "3", "{path}");
    }
    let post = wrapped().call("POST", "/throws/post").body("a").send();
    assert_eq!((post.status(), &*asked("/throws/post")), (502, "1"), "a POST comes once");
    // Its own words, and where they are from, are in the log and nowhere else.
    let has_logged =
        |words: &str| wrapped().raw_log().contains(&format!("the Worker behind failed: {words}"));
    eventually("what it threw, and what it did not give", || {
        has_logged("Error: ") && has_logged("Error: its fetch gave no response")
    });
}

#[test]
fn settings_that_come_with_the_first_request_hold_and_not_those_that_were_read_before() {
    let edge = started("passing-on", PASSING_ON);
    let page = edge.call("GET", "/page").with("Accept", "text/html").send();
    assert_eq!(page.status(), 502);
    assert!(page.text().contains("Passed &#38; On"), "{}", page.text());
}

#[test]
fn a_copy_covers_a_wrapped_worker_that_throws() {
    wrapped().call("GET", "/throws-later").send().is(200, "v1");
    eventually("the copy", || {
        let answer = wrapped().call("GET", "/throws-later").send();
        answer.status() == 200 && answer.text() == "v1"
    });
}

#[test]
fn a_wrapped_worker_that_hangs_is_given_up_in_time() {
    let began = Instant::now();
    let answer = wrapped().call("GET", "/hangs").send();
    assert_eq!(answer.status(), 504);
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(2) && took < QUICK_TOTAL, "{took:?}");
}

#[test]
fn what_a_wrapped_worker_fetches_arrives_readable_if_it_was_coded() {
    // "a coded page\n", by gzip.
    let coded = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x54\x48\xce\x4f\x49\x4d\x51\x28\x48\x4c\x4f\xe5\x02\x00\x22\xf9\xa4\x03\x0d\x00\x00\x00";
    let fields = [("Content-Type", "text/plain"), ("Content-Encoding", "gzip"), ("ETag", "\"1\"")];
    let page = Page::new([scripts::answer("200 OK", &fields, coded)]);
    let target = format!("/fetches{0}?from=http://{1}{0}", page.path, site().addr());
    let answer = wrapped().call("GET", &target).with("Accept-Encoding", "gzip").send();
    assert_eq!(
        (answer.is(200, "a coded page\n").header("content-encoding"), answer.header("etag")),
        (None, Some("W/\"1\""))
    );
    let page = Page::new([scripts::with_headers(&[("ETag", "\"1\"")], "plain")]);
    let target = format!("/fetches{0}?from=http://{1}{0}", page.path, site().addr());
    let answer = wrapped().call("GET", &target).send();
    assert_eq!(answer.is(200, "plain").header("etag"), Some("\"1\""));
    assert_eq!(answer.header("content-length"), Some("5"));
}

#[test]
fn a_stream_of_a_wrapped_worker_s_own_is_read_and_a_torn_one_is_no_whole_answer() {
    wrapped().call("GET", "/streams").send().is(200, "first, second");
    let torn = wrapped().call("GET", "/tears").send();
    assert_eq!((torn.status(), &*asked("/tears")), (502, "3"), "it was held, and asked for again");
}

#[test]
fn the_other_handlers_of_a_wrapped_worker_run_as_before_and_probes_beside_them() {
    wrapped().probe();
    eventually("both", || {
        wrapped().raw_log().contains(r#"{"scheduled":"number","settings":"object"}"#)
            && asked("/probed") != "0"
    });
}

#[test]
fn a_worker_that_is_a_class_is_wrapped_too() {
    let class = r#"import { WorkerEntrypoint } from "cloudflare:workers";
class Handlers extends WorkerEntrypoint {
  #own = "its own";
  fetch(request) { return this.#own && respond(request, this.env, this.ctx); }
}
export default before(Handlers);"#;
    let (head, _) = WORKER.split_once("const handlers = {").unwrap();
    let edge = started("before-class", &(head.to_owned() + class));
    edge.call("GET", "/throws-once").send().is(200, "answered, asked 2 times");
    edge.call("GET", "/streams").send().is(200, "first, second");
}
