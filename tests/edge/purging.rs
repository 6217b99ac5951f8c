//! Soft and hard purges, by the worker's own endpoint and in a real namespace.

use faulty_origin::scripts;
use serde_json::{Value, json};

use crate::client::{Answer, Call};
use crate::harness::{Edge, Page, TOKEN, purged, quick, settle};

const ENDPOINT: &str = "/.well-known/holdfast/purge";

fn call(edge: &Edge, order: &Value) -> Call {
    edge.call("POST", ENDPOINT)
        .with("Authorization", &format!("Bearer {TOKEN}"))
        .with("Content-Type", "application/json")
        .body(order.to_string())
}

#[track_caller]
fn order(edge: &Edge, order: &Value) -> Value {
    let answer = call(edge, order).send();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    serde_json::from_str(&answer.text()).unwrap()
}

/// A page that is fresh for long and stored.
fn stored(edge: &Edge) -> Page {
    stored_under("/", edge)
}

/// The same, with a path that begins with `prefix`.
fn stored_under(prefix: &str, edge: &Edge) -> Page {
    let fresh = |text: &str| scripts::with_headers(&[("Cache-Control", "max-age=600")], text);
    let page = Page::under(prefix, [fresh("v1"), fresh("v2")]);
    edge.get(&page).send().is(200, "v1");
    settle();
    edge.get(&page).send().is(200, "v1");
    assert_eq!(page.attempts(), 1);
    page
}

fn status_of(answer: &Answer) -> String {
    answer.structured("cache-status")
}

#[test]
fn a_purged_url_is_asked_for_again() {
    let (page, other) = (stored(&quick()), stored(&quick()));
    let receipt = order(&quick(), &json!({ "urls": [page.path] }));
    assert_eq!((&receipt["purged"], &receipt["in_force_within_s"]), (&json!(1), &json!(120)), "{receipt}");
    quick().get(&page).send().is(200, "v2");
    settle();
    quick().get(&page).send().is(200, "v2");
    quick().get(&other).send().is(200, "v1");
    assert_eq!((page.attempts(), other.attempts()), (2, 1));
}

#[test]
fn a_prefix_and_everything_are_purged_likewise() {
    // In a folder of its own: as a prefix, the path of a page is that of others too.
    let page = stored_under("/purged-by-prefix/", &quick());
    order(&quick(), &json!({ "prefixes": ["http://www.example.test/purged-by-prefix/"] }));
    quick().get(&page).send().is(200, "v2");
    let page = stored(&purged());
    order(&purged(), &json!({ "all": true }));
    purged().get(&page).send().is(200, "v2");
}

#[test]
fn a_purge_in_the_middle_of_an_outage_takes_nothing_away() {
    let page = stored(&quick());
    page.now([scripts::reset()]);
    order(&quick(), &json!({ "urls": [page.path] }));
    let answer = quick().get(&page).send();
    answer.is(200, "v1");
    assert!(status_of(&answer).starts_with("Holdfast;fwd=stale"), "{}", status_of(&answer));
    assert_eq!(answer.error(), "connection_terminated");
}

#[test]
fn a_hard_purged_url_is_gone() {
    let page = stored(&quick());
    page.now([scripts::reset()]);
    order(&quick(), &json!({ "urls": [page.path], "hard": true }));
    assert_eq!(quick().get(&page).send().status(), 502);
}

#[test]
fn an_order_for_what_is_no_url_is_refused_and_not_taken_for_a_path_beside_the_endpoint() {
    for (key, text) in [
        ("prefixes", "blog/"),
        ("prefixes", "blog"),
        ("urls", "a"),
        ("urls", "?a"),
        ("urls", "..\\a"),
        ("urls", "http:a"),
        ("urls", "javascript:alert(1)//://"),
        ("urls", "ftp://example.com/"),
    ] {
        let answer = call(&quick(), &json!({ key: ["/fine/", text] })).send();
        let place = format!("{key}[1]");
        assert_eq!(answer.status(), 400, "{text}");
        assert!(answer.text().contains(&place) && !answer.text().contains("[0]"), "{}", answer.text());
    }
}

#[test]
fn orders_are_taken_from_operators_alone() {
    let all = json!({ "all": true });
    let bare = || quick().call("POST", ENDPOINT).with("Content-Type", "application/json");
    let answer = bare().body(all.to_string()).send();
    assert_eq!((answer.status(), answer.header("content-type")), (401, Some("application/problem+json")));
    assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
    for (name, value) in [
        ("Authorization", "Bearer the-token-of-the-testz".to_owned()),
        ("Authorization", format!("Basic {TOKEN}")),
        ("Holdfast-Token", String::new()),
        ("Cookie", format!("Holdfast-Token={TOKEN}")),
    ] {
        assert_eq!(bare().with(name, &value).body(all.to_string()).send().status(), 401, "{name}: {value}");
    }
    assert_eq!(call(&quick(), &all).with("Origin", "https://evil.example").send().status(), 403);
    assert_eq!(call(&quick(), &all).with("Sec-Fetch-Site", "cross-site").send().status(), 403);
    assert_eq!(call(&quick(), &json!({ "url": "/a" })).send().status(), 400);
    let token = ("Holdfast-Token", TOKEN);
    let huge = bare().with(token.0, token.1).body(" ".repeat(70 * 1024)).send();
    assert_eq!(huge.status(), 413);
    for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
        let answer = quick().call(method, ENDPOINT).with(token.0, token.1).send();
        assert_eq!((answer.status(), answer.header("allow")), (405, Some("POST")), "{method}");
    }
}

#[test]
fn nothing_below_the_endpoints_reaches_the_origin() {
    for path in ["/.well-known/holdfast", "/.well-known/holdfast/", "/.well-known/holdfast/none"] {
        let page = Page { path: path.to_owned() };
        page.now([scripts::ok("the site's own")]);
        assert_eq!(quick().get(&page).send().status(), 404, "{path}");
        assert_eq!(page.attempts(), 0, "{path}");
    }
}

#[test]
fn only_holders_of_the_token_see_the_key_and_nobody_sees_the_token() {
    // RFC 9211 §2.7
    let page = stored(&quick());
    let answer = quick().get(&page).with("Holdfast-Token", TOKEN).send();
    let key = format!(
        ";key=\"https://www.example.test/.well-known/holdfast/cache/2/http/www.example.test{}\"",
        page.path
    );
    assert!(status_of(&answer).contains(&key), "{}", status_of(&answer));
    for guess in ["", "the-token-of-the-testz"] {
        let answer = quick().get(&page).with("Holdfast-Token", guess).send();
        assert!(!status_of(&answer).contains("key"), "{}", status_of(&answer));
    }
    let echo = Page::by(|seen| scripts::ok(seen.header("holdfast-token").unwrap_or("not told")));
    quick().get(&echo).with("Holdfast-Token", TOKEN).send().is(200, "not told");
}

#[test]
fn an_order_holds_for_every_spelling_of_a_path() {
    // On a host of its own: a path with dot segments may be any path, so other tests' orders would concern it too.
    let host = "spellings.example.test";
    let get = |page: &Page| quick().get(page).host(host).send();
    let names: Vec<_> = (0..5).map(|_| Page::new([]).path).collect();
    let spelt = |form: &str, name: &str| form.replace("{}", name.trim_start_matches('/'));
    let forms = ["//{}", "/x%2f{}", "/%78/{}", "/x;a=b/{}", "/y/..%2fx/{}"];
    let pages: Vec<_> = forms
        .iter()
        .zip(&names)
        .map(|(form, name)| {
            let texts = std::sync::atomic::AtomicUsize::new(1);
            let page = Page::at(spelt(form, name), move |_| {
                let number = texts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                scripts::with_headers(&[("Cache-Control", "max-age=600")], format!("v{number}"))
            });
            get(&page).is(200, "v1");
            page
        })
        .collect();
    settle();
    for page in &pages {
        get(page).is(200, "v1");
    }
    let urls: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(at, name)| format!("http://{host}{}{name}", if at == 0 { "" } else { "/x" }))
        .collect();
    order(&quick(), &json!({ "urls": urls }));
    for page in &pages {
        get(page).is(200, "v2");
    }
}

#[test]
fn an_order_by_tag_concerns_the_pages_that_have_it_and_no_visitor_sees_a_tag() {
    let tagged = |tags: &str, text: &str| {
        scripts::with_headers(
            &[("Cache-Control", "max-age=600"), ("Cache-Tag", tags), ("ETag", "\"1\"")],
            text,
        )
    };
    let both = Page::new([tagged("edge-news, Edge-Product-7", "v1"), tagged("edge-news", "v2")]);
    let other = Page::new([tagged("edge-news", "v1"), tagged("edge-news", "v2")]);
    for page in [&both, &other] {
        quick().get(page).send().is(200, "v1");
    }
    settle();
    let asked = |page: &Page, text: &str| {
        let answer = quick().get(page).send();
        answer.is(200, text);
        assert_eq!((answer.header("cache-tag"), answer.header("etag")), (None, Some("\"1\"")));
    };
    // From the store, and from memory.
    (0..3).for_each(|_| asked(&both, "v1"));
    order(&quick(), &json!({ "tags": ["edge-product-7"] }));
    asked(&both, "v2");
    asked(&other, "v1");
    // Nothing is taken away.
    other.now([scripts::reset()]);
    order(&quick(), &json!({ "tags": ["EDGE-NEWS"] }));
    asked(&other, "v1");
    let unstored = Page::new([scripts::answer("404 Not Found", &[("Cache-Tag", "a")], "none")]);
    assert_eq!(quick().get(&unstored).send().header("cache-tag"), None);
    let large = Page::new([scripts::with_headers(&[("Cache-Tag", "a")], vec![b'x'; crate::harness::LARGE])]);
    assert_eq!(quick().get(&large).send().header("cache-tag"), None);
    let refused = call(&quick(), &json!({ "tags": ["a"], "hard": true })).send();
    assert_eq!(refused.status(), 400);
}
