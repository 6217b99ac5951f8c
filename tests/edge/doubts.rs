//! A 200 is not proof: what is suddenly short, of another type, or lacks what a page must contain.

use std::sync::Arc;

use faulty_origin::{Script, scripts};

use crate::harness::{Edge, Page, edge, overlay, quick};
use crate::revisit::{settle, settle_at};

const GOOD: &str = "<!doctype html><title>A page</title><p>with many words in it, and some more</p></html>";
const FRESH: (&str, &str) = ("Cache-Control", "max-age=600");

fn html(fields: &[(&str, &str)], body: impl AsRef<[u8]>) -> Script {
    scripts::with_headers(&[&[("Content-Type", "text/html")], fields].concat(), body)
}

fn marked() -> Arc<Edge> {
    edge(&overlay(&[("cache.must_contain", "</html>")]))
}

#[test]
fn an_answer_that_is_suddenly_short_or_of_another_type_leaves_the_copy_for_an_outage() {
    let json = scripts::with_headers(&[("Content-Type", "application/json"), FRESH], GOOD);
    for (bad, text, word) in [
        (html(&[FRESH], "oops"), "oops", "body_shrank"),
        (html(&[FRESH], ""), "", "body_shrank"),
        (scripts::chunked(&[("Content-Type", "text/html"), FRESH], &[b"oo", b"ps"]), "oops", "body_shrank"),
        (json, GOOD, "type_changed"),
    ] {
        let page = Page::new([html(&[], GOOD)]);
        quick().get(&page).send().is(200, GOOD);
        settle();
        page.now([bad.clone()]);
        let answer = quick().get(&page).send();
        answer.is(200, text);
        let status = answer.structured("cache-status");
        assert!(status.contains(&format!("detail={word}")), "{bad:?}: {status}");
        assert_eq!(quick().log_of(&page.path)["not_stored"], word);
        settle();
        page.now([scripts::reset()]);
        quick().get(&page).send().is(200, GOOD);
    }
}

#[test]
fn a_page_that_lacks_its_marker_is_passed_on_and_not_stored() {
    // "<p>whole</p></html>" and "<p>torn</p>".
    let gzip = ("Content-Encoding", "gzip");
    let whole = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xb3\x29\xb0\x2b\xcf\xc8\xcf\x49\xb5\xd1\x2f\xb0\xb3\xd1\xcf\x28\xc9\xcd\xb1\x03\0\xc8\xc3\xa2\x8f\x13\0\0\0";
    let torn = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xb3\x29\xb0\x2b\xc9\x2f\xca\xb3\xd1\x2f\xb0\x03\0\xf6\x12\xf3\x0b\x0b\0\0\0";
    for (what, script, is_stored) in [
        ("with it", html(&[FRESH], "<p>whole</p></html>"), true),
        ("without it", html(&[FRESH], "<p>torn</p>"), false),
        ("empty", html(&[FRESH], ""), false),
        (
            "in pieces",
            scripts::chunked(&[("Content-Type", "text/html"), FRESH], &[b"<p>whole</p></h", b"tml>"]),
            true,
        ),
        ("coded, with it", html(&[FRESH, gzip], whole), true),
        ("coded, without it", html(&[FRESH, gzip], torn), false),
        // What cannot be read is accepted.
        ("not as coded as it says", html(&[FRESH, gzip], "<p>torn</p>"), true),
        ("in an unknown coding", html(&[FRESH, ("Content-Encoding", "x-own")], "<p>torn</p>"), true),
        ("larger than what is held", html(&[FRESH], [b'x'; 5000]), true),
        ("no page", scripts::with_headers(&[("Content-Type", "text/css"), FRESH], "p{}"), true),
    ] {
        let page = Page::new([script]);
        let answer = marked().get(&page).with("Accept-Encoding", "br, gzip").send();
        assert_eq!(answer.status(), 200, "{what}");
        let status = answer.structured("cache-status");
        assert_eq!(status.contains("detail=marker_missing"), !is_stored, "{what}: {status}");
        assert_eq!(page.seen()[0].header("accept-encoding"), Some("gzip"), "{what}");
        settle_at(&marked());
        page.now([scripts::reset()]);
        let again = marked().get(&page).with("Accept-Encoding", "br, gzip").send();
        assert_eq!(again.status(), if is_stored { 200 } else { 502 }, "{what}");
        assert_eq!(again.body == answer.body, is_stored, "{what}");
    }
}
