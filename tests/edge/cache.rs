//! Copies: what is stored, who may see it, and when it is served although the origin fails.

use std::time::Duration;

use faulty_origin::{Script, Seen, scripts};

use crate::client::{Answer, End};
use crate::harness::{ALWAYS, LARGE, Page, edge, eventually, overlay, patient, quick, routed, settle, tight};

/// A page with these header fields, asked for once, so that its copy is stored if it may be.
fn visited(fields: &[(&str, &str)], body: &str) -> Page {
    let page = Page::new([scripts::with_headers(fields, body)]);
    quick().get(&page).send().is(200, body);
    settle();
    page
}

fn down(page: &Page) {
    page.now([scripts::reset()]);
}

fn says(directives: &str) -> [(&str, &str); 1] {
    [("Cache-Control", directives)]
}

fn echo(name: &'static str, fields: &'static [(&'static str, &'static str)]) -> Page {
    Page::by(move |seen| scripts::with_headers(fields, seen.header(name).unwrap_or("nothing")))
}

#[test]
fn a_page_that_says_nothing_about_caching_is_served_stale_when_the_origin_is_down() {
    let page = visited(&[("Content-Type", "text/html"), ("X-Own", "1")], "last good");
    for failure in [
        scripts::reset(),
        scripts::hang(),
        scripts::garbage(),
        scripts::cut_short("x", 1),
        scripts::cloudflare(522),
        scripts::answer("500 Internal Server Error", &[("Content-Type", "text/html")], "oops"),
        scripts::answer("503 Service Unavailable", &[("Content-Type", "application/json")], "{}"),
    ] {
        page.now([failure.clone()]);
        let answer = quick().get(&page).browsing().send();
        answer.is(200, "last good");
        assert_eq!(answer.header("x-own"), Some("1"), "{failure:?}");
        assert!(answer.header("age").is_some_and(|age| age.parse::<u64>().is_ok()), "{failure:?}");
        assert_eq!(answer.header("content-length"), Some("9"), "{failure:?}");
    }
}

#[test]
fn a_copy_that_is_served_stale_says_so() {
    let page = visited(&[], "last good");
    page.now([scripts::hang()]);
    let answer = quick().get(&page).send();
    answer.is(200, "last good");
    assert_eq!(answer.error(), "http_response_timeout");
    let cache_status = answer.structured("cache-status");
    assert!(cache_status.starts_with("Holdfast;fwd=stale"), "{cache_status}");
    let line = quick().log_of(&page.path);
    assert_eq!((&line["outcome"], &line["status"]), (&"stale".into(), &200.into()), "{line}");
    assert!(line["stale_age_s"].is_u64(), "{line}");
}

#[test]
fn a_page_that_is_not_fresh_is_asked_for_each_time() {
    let page = visited(&[], "v1");
    page.now([scripts::ok("v2")]);
    quick().get(&page).send().is(200, "v2");
}

#[test]
fn a_fresh_copy_answers_without_the_origin() {
    let page = visited(&[("Cache-Control", "max-age=60"), ("X-Own", "1"), ("Content-Type", "text/x")], "v1");
    page.now([scripts::ok("v2")]);
    let answer = quick().get(&page).send();
    answer.is(200, "v1");
    assert_eq!(page.attempts(), 1);
    assert_eq!((answer.header("x-own"), answer.header("content-type")), (Some("1"), Some("text/x")));
    assert_eq!((answer.header("content-length"), answer.header("proxy-status")), (Some("2"), None));
    assert_eq!(answer.header("cache-control"), Some("max-age=60"));
    assert!(answer.header("age").is_some_and(|age| age.parse::<u64>().is_ok_and(|age| age < 60)));
    let cache_status = answer.structured("cache-status");
    assert!(cache_status.starts_with("Holdfast;hit"), "{cache_status}");
}

#[test]
fn the_visitor_can_see_how_the_cache_was_used() {
    let page = Page::new([scripts::with_headers(&says("max-age=60"), "v1")]);
    let answer = quick().get(&page).send();
    let status = answer.structured("cache-status");
    assert!(status.starts_with("Holdfast;fwd=uri-miss"), "{status}");
    let behind = [("Cache-Status", "Inner; hit"), ("Cache-Control", "max-age=60")];
    let answer = quick().get(&Page::new([scripts::with_headers(&behind, "v1")])).send();
    let all = answer.structured("cache-status");
    assert!(all.starts_with("Inner;hit,Holdfast;"), "{all}");
}

#[test]
fn a_fresh_copy_answers_head_and_conditional_requests() {
    let page = visited(&[("Cache-Control", "max-age=60"), ("ETag", "\"v1\"")], "hello");
    let head = quick().call("HEAD", &page.path).send();
    head.is(200, "");
    assert_eq!(head.header("content-length"), Some("5"));
    for tags in ["\"v1\"", "W/\"v1\"", "\"v0\", \"v1\"", "*"] {
        let answer = quick().get(&page).with("If-None-Match", tags).send();
        answer.is(304, "");
        assert_eq!(answer.header("etag"), Some("\"v1\""), "{tags}");
    }
    quick().get(&page).with("If-None-Match", "\"v0\"").send().is(200, "hello");
    assert_eq!(page.attempts(), 1);
}

#[test]
fn a_stale_copy_with_a_validator_is_asked_after() {
    let page = Page::by(|seen| {
        let fields = [("ETag", "\"v1\""), ("Cache-Control", "max-age=0"), ("X-Own", "1")];
        match seen.header("if-none-match") {
            Some("\"v1\"") => scripts::not_modified(&[("ETag", "\"v1\""), ("X-Own", "2")]),
            _ => scripts::with_headers(&fields, "hello"),
        }
    });
    quick().get(&page).send().is(200, "hello");
    settle();
    let answer = quick().get(&page).send();
    answer.is(200, "hello");
    assert_eq!(answer.header("x-own"), Some("2"), "a 304 brings new fields (RFC 9111 §3.2)");
    assert_eq!(page.seen()[1].header("if-none-match"), Some("\"v1\""));
    assert_eq!(page.attempts(), 2);
}

#[test]
fn a_copy_is_never_served_where_the_origin_forbids_it_and_the_log_says_which_word_did() {
    for (directives, word) in [
        ("no-cache", "no-cache"),
        ("max-age=0, must-revalidate", "must-revalidate"),
        ("max-age=0, proxy-revalidate", "proxy-revalidate"),
        ("s-maxage=0", "s-maxage"),
        ("max-age=0, must-revalidate, stale-if-error=0", "stale-if-error=0"),
        ("no-cache, stale-while-revalidate=600", "no-cache"),
        ("max-age=0, stale-if-error=0", "stale-if-error"),
    ] {
        let page = visited(&[("Cache-Control", directives), ("ETag", "\"v1\"")], "last good");
        down(&page);
        let answer = quick().get(&page).send();
        assert_eq!(
            (answer.status(), answer.error().as_str()),
            (502, "connection_terminated"),
            "{directives}"
        );
        let line = quick().log_of(&page.path);
        let forbidden = line["stale_forbidden"].as_str().unwrap_or_default();
        assert!(forbidden.contains(word), "{directives}: {line}");
        assert!(
            line["stale_advice"].as_str().is_some_and(|advice| advice.contains("stale-if-error")),
            "{line}"
        );
    }
}

#[test]
fn a_copy_past_its_window_is_not_served() {
    let fields = [("Cache-Control", "max-age=60, stale-if-error=60"), ("Age", "121"), ("ETag", "\"v1\"")];
    let page = visited(&fields, "old");
    down(&page);
    assert_eq!(quick().get(&page).send().status(), 502);
    let fields = [("Cache-Control", "max-age=60, stale-if-error=60"), ("Age", "100")];
    let page = visited(&fields, "old");
    down(&page);
    let answer = quick().get(&page).send();
    answer.is(200, "old");
    assert!(answer.header("age").is_some_and(|age| age.parse::<u64>().is_ok_and(|age| age >= 100)));
}

#[test]
fn a_reload_gets_the_copy_too_when_the_origin_is_down_unless_it_wants_no_old_one() {
    let page = visited(&says("max-age=600"), "last good");
    page.now([scripts::ok("new")]);
    quick().get(&page).with("Cache-Control", "max-age=0").with("Cookie", "sid=1").send().is(200, "new");
    down(&page);
    quick().get(&page).with("Cache-Control", "max-age=0").send().is(200, "last good");
    // A hard one.
    let hard = quick().get(&page).with("Cache-Control", "no-cache").with("Pragma", "no-cache").send();
    hard.is(200, "last good");
    let page = visited(&says("max-age=0"), "last good");
    down(&page);
    let wants_none = quick().get(&page).with("Cache-Control", "no-cache, stale-if-error=0").send();
    assert_eq!(wants_none.status(), 502, "RFC 5861 §4");
}

#[test]
fn cdn_cache_control_wins_over_cache_control() {
    // RFC 9213 §2.2
    let fields = [("Cache-Control", "no-store"), ("CDN-Cache-Control", "max-age=0, stale-if-error=600")];
    let page = visited(&fields, "last good");
    down(&page);
    quick().get(&page).send().is(200, "last good");
    let fields = [("Cache-Control", "max-age=600"), ("CDN-Cache-Control", "no-store")];
    let page = visited(&fields, "never");
    down(&page);
    assert_eq!(quick().get(&page).send().status(), 502);
}

#[test]
fn what_belongs_to_one_visitor_is_never_shown_to_another() {
    for (what, fields) in [
        ("private", &[("Cache-Control", "private, max-age=60")][..]),
        ("no-store", &[("Cache-Control", "no-store, max-age=60")]),
        ("a cookie is set", &[("Set-Cookie", "sid=1"), ("Cache-Control", "max-age=60")]),
        (
            "a cookie is set again, public",
            &[("Set-Cookie", "sid=1"), ("Cache-Control", "public, s-maxage=60")],
        ),
        ("a cookie is set, for CDNs", &[("Set-Cookie", "sid=1"), ("CDN-Cache-Control", "max-age=60")]),
        ("Vary: *", &[("Vary", "*"), ("Cache-Control", "max-age=60")]),
        ("Vary: Cookie", &[("Vary", "Cookie"), ("Cache-Control", "max-age=60")]),
    ] {
        let page = Page::new([scripts::with_headers(fields, "for Alice")]);
        quick().get(&page).with("Cookie", "sid=alice").send().is(200, "for Alice");
        settle();
        page.now([scripts::ok("for Bob")]);
        let answer = quick().get(&page).with("Cookie", "sid=bob").send();
        assert_eq!(answer.text(), "for Bob", "{what}");
        down(&page);
        let answer = quick().get(&page).with("Cookie", "sid=carol").send();
        assert_eq!(answer.status(), 502, "{what}");
        assert!(!answer.text().contains("Alice"), "{what}");
    }
}

#[test]
fn what_a_visitor_with_a_cookie_got_is_not_stored_unless_the_origin_says_so() {
    let silent = echo("cookie", &[]);
    quick().get(&silent).with("Cookie", "sid=alice").send().is(200, "sid=alice");
    settle();
    down(&silent);
    assert_eq!(quick().get(&silent).send().status(), 502);
    assert_eq!(quick().get(&silent).with("Cookie", "sid=alice").send().status(), 502);
    let public = Page::new([scripts::with_headers(&says("public, max-age=60"), "for all")]);
    quick().get(&public).with("Cookie", "sid=alice").send().is(200, "for all");
    settle();
    down(&public);
    quick().get(&public).send().is(200, "for all");
}

#[test]
fn a_harmless_cookie_neither_keeps_a_page_out_of_the_store_nor_gets_into_it() {
    let page = echo("cookie", &[]);
    quick().get(&page).with("Cookie", "_ga=GA1.1.1; _gid=2; _ga_AB12=3").send().is(200, "nothing");
    settle();
    down(&page);
    quick().get(&page).send().is(200, "nothing");
}

#[test]
fn what_an_authorized_visitor_got_is_not_stored_unless_the_origin_allows_it() {
    // RFC 9111 §3.5
    for (directives, status) in [("max-age=60", 502), ("public, max-age=60", 200)] {
        let page = Page::new([scripts::with_headers(&says(directives), "secret")]);
        quick().get(&page).with("Authorization", "Bearer x").send().is(200, "secret");
        settle();
        down(&page);
        assert_eq!(quick().get(&page).send().status(), status, "{directives}");
    }
}

#[test]
fn a_field_outside_the_key_cannot_change_what_others_get() {
    for (name, value) in [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Scheme", "evil"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Original-URL", "/evil"),
        ("X-Rewrite-URL", "/evil"),
        ("X-HTTP-Method-Override", "EVIL"),
        ("X-Host", "evil.example"),
        ("X-Theme", "//evil"),
        ("Range", "bytes=evil"),
    ] {
        let all_fields = |seen: &Seen| -> Script {
            let fields: Vec<String> =
                seen.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            scripts::with_headers(&says("max-age=60"), fields.join("\n"))
        };
        let page = Page::by(all_fields);
        quick().get(&page).with(name, value).send();
        settle();
        let next = quick().get(&page).send().text();
        assert!(!next.to_lowercase().contains("evil"), "{name} stayed:\n{next}");
    }
}

#[test]
fn host_and_query_are_part_of_the_key() {
    let page = Page::by(|seen| {
        let host = seen.header("x-forwarded-host").unwrap_or("none");
        scripts::with_headers(&says("max-age=60"), format!("{host} {}", seen.target))
    });
    let ask = |host: &str, query: &str| {
        let target = format!("{}{query}", page.path);
        let answer = quick().call("GET", &target).host(host).send();
        answer.is(200, &format!("{host} {target}"));
    };
    for _ in 0..2 {
        for host in ["a.example.test", "b.example.test"] {
            for query in ["", "?x=1", "?x=2"] {
                ask(host, query);
            }
        }
        settle();
    }
    assert_eq!(page.attempts(), 6);
}

#[test]
fn variants_are_kept_apart() {
    let page = echo("accept-language", &[("Vary", "Accept-Language")]);
    for language in ["de", "en", "fr"] {
        quick().get(&page).with("Accept-Language", language).send().is(200, language);
        settle();
    }
    down(&page);
    for language in ["fr", "de", "en"] {
        quick().get(&page).with("Accept-Language", language).send().is(200, language);
    }
    assert_eq!(quick().get(&page).with("Accept-Language", "ja").send().status(), 502);
}

#[test]
fn stale_while_revalidate_answers_at_once_and_refreshes_behind() {
    let fields = says("max-age=0, stale-while-revalidate=600");
    let page = visited(&fields, "v1");
    let slow = scripts::late(Duration::from_millis(350), scripts::with_headers(&fields, "v2"));
    page.now([slow]);
    quick().get(&page).send().is(200, "v1");
    let refreshed = |seen: &Seen| seen.answered_at.is_some();
    assert!(!page.seen().get(1).is_some_and(refreshed), "the visitor waited for the origin");
    eventually("the copy is refreshed", || quick().get(&page).send().text() == "v2");
}

#[test]
fn a_failed_refresh_behind_does_not_lose_the_copy() {
    let fields = says("max-age=0, stale-while-revalidate=600, stale-if-error=600");
    let page = visited(&fields, "v1");
    down(&page);
    for _ in 0..3 {
        quick().get(&page).send().is(200, "v1");
        settle();
    }
}

#[test]
fn an_error_of_the_origin_does_not_replace_a_good_copy() {
    let page = visited(&says("max-age=0, stale-if-error=600"), "v1");
    for failure in [
        scripts::answer("500 Internal Server Error", &says("max-age=600"), "oops"),
        scripts::answer("503 Service Unavailable", &says("max-age=600"), "oops"),
        scripts::answer("400 Bad Request", &says("max-age=600"), "your fault"),
    ] {
        page.now([failure]);
        quick().get(&page).send();
        settle();
    }
    down(&page);
    quick().get(&page).send().is(200, "v1");
}

#[test]
fn a_torn_body_is_not_stored() {
    for script in [
        scripts::cut_short_with(&says("max-age=600"), vec![b'x'; LARGE], LARGE),
        scripts::torn_close_delimited(vec![b'x'; LARGE]),
    ] {
        let page = Page::new([script]);
        quick().get(&page).send();
        settle();
        down(&page);
        assert_eq!(quick().get(&page).send().status(), 502);
    }
}

#[test]
fn a_large_body_is_stored_while_it_streams() {
    let body: String = "0123456789abcdef".repeat(LARGE / 16);
    let page = visited(&says("max-age=600"), &body);
    down(&page);
    let answer = quick().get(&page).send();
    answer.is(200, &body);
    assert_eq!(answer.header("content-length"), Some(LARGE.to_string().as_str()));
}

#[test]
fn a_body_over_the_limit_is_not_stored() {
    let edge = patient();
    for (length, status) in [(LARGE, 502), (LARGE / 4, 200)] {
        for chunked in [false, true] {
            let body = vec![b'x'; length];
            let fields = says("max-age=600");
            let script = if chunked {
                scripts::chunked(&fields, &[&body])
            } else {
                scripts::with_headers(&fields, &body)
            };
            let page = Page::new([script]);
            assert!(edge.get(&page).send().body == body);
            settle();
            down(&page);
            assert_eq!(edge.get(&page).send().status(), status, "{length} chunked: {chunked}");
        }
    }
}

#[test]
fn an_unsafe_request_that_succeeds_makes_the_copy_stale() {
    // RFC 9111 §4.4
    let page = visited(&says("max-age=600"), "v1");
    page.now([scripts::ok("done")]);
    quick().call("POST", &page.path).body("change").send().is(200, "done");
    settle();
    page.now([scripts::ok("v2")]);
    quick().get(&page).send().is(200, "v2");
}

#[test]
fn an_answer_to_an_unsafe_request_is_never_stored() {
    let page = Page::new([scripts::with_headers(&says("public, max-age=600"), "receipt")]);
    quick().call("POST", &page.path).body("pay").send().is(200, "receipt");
    settle();
    down(&page);
    assert_eq!(quick().get(&page).send().status(), 502);
}

#[test]
fn an_unsafe_request_is_never_answered_from_a_copy() {
    let page = visited(&says("public, max-age=600"), "v1");
    down(&page);
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(quick().call(method, &page.path).body("x").send().status(), 502, "{method}");
    }
}

#[test]
fn a_part_is_never_stored_as_the_whole() {
    let part = [("Content-Range", "bytes 0-3/10"), ("Cache-Control", "public, max-age=600")];
    let page = Page::new([scripts::answer("206 Partial Content", &part, "part")]);
    quick().get(&page).with("Range", "bytes=0-3").send().is(206, "part");
    settle();
    down(&page);
    assert_eq!(quick().get(&page).send().status(), 502);
}

#[test]
fn nothing_is_stored_where_the_cache_is_off() {
    let edge = routed();
    for (prefix, status) in [("/uncached/", 502), ("/", 200)] {
        let page = Page::under(prefix, [scripts::with_headers(&says("public, max-age=600"), "v1")]);
        edge.get(&page).send().is(200, "v1");
        settle();
        down(&page);
        assert_eq!(edge.get(&page).send().status(), status, "{prefix}");
    }
}

#[test]
fn the_default_times_hold_for_answers_that_are_silent_alone() {
    let edge = tight();
    let ask = |page: &Page| -> Answer {
        edge.get(page).send();
        settle();
        down(page);
        edge.get(page).send()
    };
    ask(&Page::new([scripts::ok("silent")])).is(200, "silent");
    assert_eq!(ask(&Page::new([scripts::with_headers(&says("max-age=0"), "stale")])).status(), 502);
    let allowed = says("max-age=0, stale-if-error=600");
    ask(&Page::new([scripts::with_headers(&allowed, "allowed")])).is(200, "allowed");
}

#[test]
fn a_stored_answer_without_content_is_served() {
    let fields = [("Cache-Control", "max-age=60")];
    let page = Page::new([scripts::answer("204 No Content", &fields, "")]);
    assert_eq!(quick().get(&page).send().status(), 204);
    settle();
    let answer = quick().get(&page).send();
    assert_eq!((answer.status(), page.attempts()), (204, 1));
}

#[test]
fn values_in_any_script_pass_and_select_their_own_variant() {
    // Clients and origins here read each byte as one character.
    let as_read = |text: &str| text.bytes().map(char::from).collect::<String>();
    let page = Page::by(|seen| {
        let user = seen.header("x-user").unwrap_or("none").to_owned();
        let fields = [("Cache-Control", "max-age=60"), ("Vary", "X-User"), ("X-Name", "名ü")];
        scripts::with_headers(&fields, user)
    });
    for _ in 0..2 {
        for user in ["名", "字", "é"] {
            let answer = quick().get(&page).with("X-User", user).send();
            answer.is(200, &as_read(user));
            assert_eq!(answer.header("x-name"), Some(&*as_read("名ü")));
        }
        settle();
    }
    assert_eq!(page.attempts(), 3);
}

#[test]
fn a_part_is_cut_from_the_stored_whole_small_or_large() {
    // RFC 9110 §14
    for length in [1000, 1 << 20] {
        let whole: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
        let page = Page::new([scripts::with_headers(&[("Cache-Control", "max-age=60")], whole.clone())]);
        assert!(quick().get(&page).send().body == whole);
        eventually("the copy is stored", || {
            quick().get(&page).send().header("cache-status").is_some_and(|status| status.contains("hit"))
        });
        let attempts = page.attempts();
        for (range, from, to) in
            [("0-0", 0, 1), ("100-", 100, length), ("-7", length - 7, length), ("300-801", 300, 802)]
        {
            let answer = quick().get(&page).with("Range", &format!("bytes={range}")).send();
            assert_eq!((answer.status(), &answer.end), (206, &End::Whole), "{range}");
            assert!(answer.body == whole[from..to], "{range} of {length}");
            let expected = format!("bytes {from}-{}/{length}", to - 1);
            assert_eq!(answer.header("content-range"), Some(&*expected));
            assert_eq!(answer.header("content-length"), Some(&*(to - from).to_string()));
        }
        let beyond = quick().get(&page).with("Range", &format!("bytes={length}-")).send();
        assert_eq!((beyond.status(), beyond.body.len()), (416, 0));
        assert_eq!(page.attempts(), attempts);
    }
}

#[test]
fn a_link_from_a_campaign_gets_the_copy_of_a_page_when_the_origin_fails() {
    let page = visited(&[], "last good");
    let ask = |query: &str| quick().call("GET", &format!("{}{query}", page.path)).send();
    down(&page);
    for query in ["?utm_source=news&utm_medium=email", "?fbclid=x", "?", "?gclid=x&_gl=1*a*b"] {
        let answer = ask(query);
        answer.is(200, "last good");
        let status = answer.structured("cache-status");
        assert!(
            status.starts_with("Holdfast;fwd=uri-miss") && status.contains("detail=ignore_query"),
            "{status}"
        );
    }
    for query in ["?q=news", "?q=1&fbclid=x", "?%75tm_source=x", "?Utm_source=x"] {
        assert_eq!(ask(query).status(), 502, "{query}");
    }
}

#[test]
fn where_they_never_matter_one_copy_answers_with_such_parameters_and_without() {
    let always = edge(&overlay(ALWAYS));
    let page = Page::by(|seen| scripts::with_headers(&says("max-age=600"), seen.target.as_str()));
    let ask = |query: &str| always.call("GET", &format!("{}{query}", page.path)).send();
    let first = format!("{}?utm_source=a", page.path);
    ask("?utm_source=a").is(200, &first);
    settle();
    for query in ["", "?utm_source=b", "?fbclid=c&gclid=d"] {
        ask(query).is(200, &first);
    }
    assert_eq!(page.attempts(), 1);
}
