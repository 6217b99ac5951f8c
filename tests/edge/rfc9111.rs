//! Every requirement of RFC 9111 §3 to §5 that binds a shared cache, by section; `docs/conformance.md` has the
//! list. Names begin with the section.

use std::time::Duration;

use faulty_origin::{Script, scripts};

use crate::client::{Answer, End};
use crate::harness::{LARGE, Page, quick, tight};
use crate::revisit::{
    COPY, NOTHING, ORIGIN, age, all_visited, ask, call, copy, date, fields, giver, revisit, revisit_asking,
    revisit_asking_in_outage, revisit_in_outage, settle, settle_at, visited, visited_with,
};

const FRESH: &str = "Cache-Control: max-age=600";
/// May be stored, and must be validated before it is used.
const STALE: &str = "Cache-Control: max-age=0\nETag: \"v1\"";
const GZIPPED: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03not really";

/// Who answers each of these pages now, with the origin in this state.
#[track_caller]
fn now_answered(pages: &[(&str, Page)], later: &Script, from: &str) {
    settle();
    for (what, page) in pages {
        page.now([later.clone()]);
        let answer = ask(page, "");
        assert_eq!(giver(&answer), from, "{what}: {answer:?}");
    }
}

/// What the second visitor gets whose request led to a 304 with the fields in the row, and what the third gets
/// without the origin. A row is (head of the stored answer, head of the 304).
#[track_caller]
fn freshened(rows: &[(&str, &str)]) -> Vec<(Answer, Answer)> {
    let stored: Vec<_> = rows.iter().map(|(stored, _)| *stored).collect();
    let pages = all_visited(&stored);
    let mut second = Vec::new();
    for (page, (_, not_modified)) in pages.iter().zip(rows) {
        page.now([scripts::not_modified(&fields(not_modified))]);
        second.push(ask(page, ""));
    }
    settle();
    for page in &pages {
        page.now([scripts::reset()]);
    }
    second.into_iter().zip(pages.iter().map(|page| ask(page, ""))).collect()
}

// Section 3: storing responses

#[test]
fn s3_an_answer_to_a_method_that_is_not_understood_or_not_get_is_not_stored() {
    // §3: the request method is understood. HEAD has no content to store.
    let methods = ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPPATCH"];
    let pages = methods.map(|method| {
        let page = Page::new([copy("Cache-Control: public, max-age=600")]);
        quick().call(method, &page.path).send();
        (method, page)
    });
    now_answered(&pages, &scripts::reset(), NOTHING);
}

#[test]
fn s3_a_status_that_is_not_final_is_not_stored() {
    // §3: the response status code is final.
    let hints = scripts::raw("HTTP/1.1 103 Early Hints\r\nCache-Control: public, max-age=600\r\n\r\n");
    now_answered(&[("103", visited(hints))], &scripts::ok(ORIGIN), ORIGIN);
}

#[test]
fn s3_a_206_or_304_does_not_pass_for_a_whole_answer() {
    // §3: for 206 and 304, the status is understood: neither is an answer of its own.
    let part = [("Cache-Control", "public, max-age=600"), ("Content-Range", "bytes 0-3/9")];
    let part = visited_with(scripts::answer("206 Partial Content", &part, COPY), "Range: bytes=0-3");
    let unasked_part = [("Cache-Control", "public, max-age=600"), ("Content-Range", "bytes 0-3/9")];
    let unasked = visited(scripts::answer("206 Partial Content", &unasked_part, COPY));
    let same = scripts::not_modified(&fields("Cache-Control: public, max-age=600\nETag: \"v1\""));
    let client_had_it = visited_with(same, "If-None-Match: \"v1\"");
    let pages = [("206", part), ("206 unasked for", unasked), ("304", client_had_it)];
    now_answered(&pages, &scripts::ok(ORIGIN), ORIGIN);
}

#[test]
fn s3_no_store_in_the_answer_keeps_it_out() {
    revisit_in_outage(&[
        ("Cache-Control: no-store", NOTHING),
        ("Cache-Control: no-store, max-age=600", NOTHING),
        ("Cache-Control: public, max-age=600, NO-STORE", NOTHING),
        ("Cache-Control: max-age=600\nCache-Control: no-store", NOTHING),
        ("Cache-Control: no-store=\"x\", max-age=600", NOTHING),
    ]);
}

#[test]
fn s3_private_keeps_an_answer_out_of_a_shared_cache() {
    revisit_in_outage(&[
        ("Cache-Control: private", NOTHING),
        ("Cache-Control: private, max-age=600", NOTHING),
        ("Cache-Control: Private, public, s-maxage=600", NOTHING),
    ]);
}

#[test]
fn s3_without_a_permission_only_heuristically_cacheable_statuses_are_stored() {
    // §3, last condition: public, Expires, max-age, s-maxage, or a status that is cacheable without them.
    let silent = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nETag: \"v1\"\nLocation: /elsewhere";
    let statuses = [
        "201 Created",
        "202 Accepted",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "409 Conflict",
        "418 I'm a teapot",
        "422 Unprocessable Content",
        "429 Too Many Requests",
    ];
    let pages = statuses.map(|status| (status, visited(scripts::answer(status, &fields(silent), COPY))));
    now_answered(&pages, &scripts::reset(), NOTHING);
}

#[test]
fn s3_an_explicit_permission_makes_an_answer_storable() {
    // §3, last condition, at a status that needs one. It is a permission: a bare `public` is not used here.
    let expires = format!("Expires: {}", date(600));
    let heads = ["Cache-Control: max-age=600", "Cache-Control: s-maxage=600", &expires];
    let pages = heads.map(|head| (head, visited(scripts::answer("302 Found", &fields(head), COPY))));
    now_answered(&pages, &scripts::ok(ORIGIN), COPY);
}

// §3.1: storing header and trailer fields

#[test]
fn s3_1_all_fields_are_stored_the_unknown_ones_too() {
    let head = "Cache-Control: max-age=600\nX-Unheard-Of: 1\nContent-Foo: bar\nLink: <a>; rel=x\nLink: <b>; rel=y\n\
                Content-Language: de\nContent-Security-Policy: default-src 'self'\nETag: W/\"v1\"\nServer: s\n\
                Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nContent-Type: text/x-unheard-of\nX-Empty: \n\
                Expires: 0\nPragma: x\nWarning: 199 - \"x\"\nVia: 1.0 before";
    let pages = all_visited(&[head]);
    pages[0].now([scripts::reset()]);
    let answer = ask(&pages[0], "");
    answer.is(200, COPY);
    for (name, value) in fields(head) {
        let all = answer.head.lines(name).join(", ");
        assert!(all.contains(value) && answer.header(name).is_some(), "{name}: {value} in {answer:?}");
    }
}

#[test]
fn s3_1_connection_and_what_it_names_are_not_stored() {
    let head = "Cache-Control: max-age=600\nConnection: X-Hop, x-other\nX-Hop: 1\nX-Other: 2\nX-Kept: 3";
    let pages = all_visited(&[head]);
    let answer = ask(&pages[0], "");
    answer.is(200, COPY);
    assert_eq!((answer.header("x-hop"), answer.header("x-other")), (None, None));
    assert_eq!(answer.header("x-kept"), Some("3"));
    assert!(answer.head.lines("connection").iter().all(|line| !line.contains("X-Hop")), "{answer:?}");
}

#[test]
fn s3_1_fields_that_concern_one_connection_are_not_stored() {
    // RFC 9110 §7.6.1 lists them.
    let head = "Cache-Control: max-age=600\nKeep-Alive: timeout=7\nProxy-Connection: keep-alive\nTE: trailers\n\
                Upgrade: h2c";
    let pages = all_visited(&[head]);
    let answer = ask(&pages[0], "");
    answer.is(200, COPY);
    for name in ["keep-alive", "proxy-connection", "te", "upgrade"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[test]
fn s3_1_fields_of_one_proxy_are_not_stored() {
    let head = "Cache-Control: max-age=600\nProxy-Authenticate: Basic realm=\"x\"\n\
                Proxy-Authentication-Info: nextnonce=\"x\"\nProxy-Authorization: Basic eDp5";
    let pages = all_visited(&[head]);
    let answer = ask(&pages[0], "");
    answer.is(200, COPY);
    for name in ["proxy-authenticate", "proxy-authentication-info", "proxy-authorization"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[test]
fn s3_1_trailer_fields_do_not_become_header_fields() {
    let head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nConnection: close\r\nTrailer: X-Late, ETag\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let body = "4\r\ncopy\r\n0\r\nX-Late: 1\r\nETag: \"late\"\r\n\r\n";
    let page = visited(scripts::raw([head, body].concat()));
    settle();
    page.now([scripts::ok(ORIGIN)]);
    let answer = ask(&page, "");
    // The runtime discards them, as §3.1 allows.
    answer.is(200, COPY);
    assert_eq!((answer.header("x-late"), answer.header("etag")), (None, None), "{answer:?}");
}

// §3.2: updating stored header fields

#[test]
fn s3_2_a_304_adds_fields_and_replaces_those_that_are_there() {
    let stored = format!("{STALE}\nX-Kept: old\nX-Replaced: old\nLink: <a>\nLink: <b>");
    let not_modified = "ETag: \"v1\"\nCache-Control: max-age=600\nX-Replaced: new\nX-Added: new\nLink: <c>";
    for (second, third) in freshened(&[(&stored, not_modified)]) {
        for answer in [second, third] {
            answer.is(200, COPY);
            let all = |name: &str| answer.head.lines(name).join(", ");
            assert_eq!((&*all("x-kept"), &*all("x-replaced"), &*all("x-added")), ("old", "new", "new"));
            assert_eq!((&*all("link"), &*all("cache-control")), ("<c>", "max-age=600"));
        }
    }
}

#[test]
fn s3_2_the_directives_of_a_304_hold_from_then_on() {
    let rows = ["no-cache", "no-store", "private", "max-age=0, must-revalidate", "s-maxage=0"]
        .map(|directives| format!("ETag: \"v1\"\nCache-Control: {directives}"));
    let rows = rows.each_ref().map(|not_modified| (STALE, not_modified.as_str()));
    for ((second, third), (_, not_modified)) in freshened(&rows).iter().zip(rows) {
        second.is(200, COPY);
        assert_eq!(giver(third), NOTHING, "{not_modified}");
    }
}

#[test]
fn s3_2_a_304_does_not_replace_the_content_length() {
    let not_modified = "ETag: \"v1\"\nCache-Control: max-age=600\nContent-Length: 4000";
    for (second, third) in freshened(&[(STALE, not_modified)]) {
        for answer in [second, third] {
            answer.is(200, COPY);
            assert_eq!(answer.header("content-length"), Some("4"));
        }
    }
}

#[test]
fn s3_2_a_304_brings_no_field_that_is_not_stored_otherwise() {
    // §3.2, first exception: those of §3.1.
    let not_modified = "ETag: \"v1\"\nCache-Control: max-age=600\nConnection: X-Hop\nX-Hop: 1\n\
                        Keep-Alive: timeout=7\nProxy-Authenticate: Basic realm=\"x\"";
    for (second, third) in freshened(&[(STALE, not_modified)]) {
        for answer in [second, third] {
            answer.is(200, COPY);
            for name in ["x-hop", "keep-alive", "proxy-authenticate"] {
                assert_eq!(answer.header(name), None, "{name}");
            }
        }
    }
}

#[test]
fn s3_2_names_that_begin_with_content_are_no_exception() {
    let names = ["Content-Foo", "Content-Language", "Content-Location", "Content-Security-Policy"];
    let head = |value: &str| names.map(|name| format!("\n{name}: {value}")).concat();
    let stored = format!("{STALE}{}", head("old"));
    let not_modified = format!("ETag: \"v1\"\nCache-Control: max-age=600{}", head("new"));
    for (second, third) in freshened(&[(&stored, &not_modified)]) {
        for answer in [second, third] {
            answer.is(200, COPY);
            for name in names {
                assert_eq!(answer.header(name), Some("new"), "{name}");
            }
        }
    }
}

#[test]
fn s3_2_a_304_replaces_the_content_type() {
    // The stored bytes are those that were received, not what came of processing them: nothing depends on it.
    let stored = format!("{STALE}\nContent-Type: text/plain");
    let not_modified = "ETag: \"v1\"\nCache-Control: max-age=600\nContent-Type: text/plain; charset=utf-8";
    for (second, third) in freshened(&[(&stored, not_modified)]) {
        for answer in [second, third] {
            assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        }
    }
}

#[test]
fn s3_2_the_coding_of_the_stored_bytes_stays_what_it_is() {
    // §3.2, second exception: the stored bytes are in this coding and in no other.
    let stored = format!("{STALE}\nContent-Encoding: x-coded");
    let not_modified = "ETag: \"v1\"\nCache-Control: max-age=600\nContent-Encoding: x-other";
    for (second, third) in freshened(&[(&stored, not_modified)]) {
        for answer in [second, third] {
            assert_eq!(answer.header("content-encoding"), Some("x-coded"));
        }
    }
}

// §3.3 and §3.4: incomplete responses, parts

#[test]
fn s3_3_an_incomplete_answer_is_not_stored() {
    let large = vec![b'x'; LARGE];
    let pages = [
        ("short", visited(scripts::cut_short_with(&fields(FRESH), COPY, 1))),
        ("short and large", visited(scripts::cut_short_with(&fields(FRESH), &large, 1))),
        ("no last chunk", visited(scripts::torn_chunked(&[COPY.as_bytes()]))),
        ("no last chunk, large", visited(scripts::torn_chunked(&[&large]))),
        ("reset", visited(scripts::reset_in_body(&large, 1))),
    ];
    settle();
    for (what, page) in &pages {
        page.now([scripts::reset()]);
        assert_eq!(ask(page, "").status(), 502, "{what}");
    }
}

#[test]
fn s3_3_a_part_is_sent_as_206_and_nothing_else_is() {
    let page = visited(scripts::with_headers(&fields(FRESH), "0123456789"));
    settle();
    for (range, status, body) in [
        ("", 200, "0123456789"),
        ("Range: bytes=2-5", 206, "2345"),
        ("Range: bytes=8-", 206, "89"),
        ("Range: bytes=-3", 206, "789"),
        ("Range: bytes=2-5\nIf-Range: \"other\"", 200, "0123456789"),
        ("Range: lines=1-2", 200, "0123456789"), // a unit that nobody knows
        ("Range: bytes=5-2", 200, "0123456789"),
    ] {
        let answer = ask(&page, range);
        answer.is(status, body);
        assert_eq!(answer.header("content-range").is_some(), status == 206, "{range}");
    }
    assert_eq!(page.attempts(), 1);
}

#[test]
fn s3_4_parts_are_not_put_together() {
    // §3.4 allows it under conditions; not done, so there is nothing whose fields had to be updated.
    let page = Page::by(|seen| {
        let part = |range: &str, body: &str| {
            let fields = [("ETag", "\"v1\""), ("Cache-Control", "max-age=600"), ("Content-Range", range)];
            scripts::answer("206 Partial Content", &fields, body)
        };
        match seen.header("range") {
            Some("bytes=0-1") => part("bytes 0-1/4", "co"),
            Some("bytes=2-3") => part("bytes 2-3/4", "py"),
            _ => scripts::ok(ORIGIN),
        }
    });
    ask(&page, "Range: bytes=0-1").is(206, "co");
    ask(&page, "Range: bytes=2-3").is(206, "py");
    settle();
    ask(&page, "").is(200, ORIGIN);
}

// §3.5: storing responses to authenticated requests

#[test]
fn s3_5_what_an_authorized_client_got_is_for_nobody_else_without_permission() {
    let expires = format!("Expires: {}", date(600));
    let first = "Authorization: Bearer alice";
    let mut rows = Vec::new();
    for stored in [
        "",
        "ETag: \"v1\"",
        "Cache-Control: max-age=600",
        "Cache-Control: max-age=600, proxy-revalidate",
        "Cache-Control: max-age=600, immutable",
        &expires,
    ] {
        for second in ["", "Authorization: Bearer bob", first] {
            rows.push((stored, first, second, NOTHING));
        }
    }
    revisit_asking_in_outage(&rows);
}

#[test]
fn s3_5_must_revalidate_public_and_s_maxage_permit_to_share_it() {
    let first = "Authorization: Bearer alice";
    revisit_asking(&[
        ("Cache-Control: max-age=600, must-revalidate", first, "", COPY),
        ("Cache-Control: max-age=600, public", first, "", COPY),
        ("Cache-Control: s-maxage=600", first, "", COPY),
        ("Cache-Control: max-age=600, public", first, "Authorization: Bearer bob", COPY),
        // What anybody got may be given to those who say who they are.
        ("Cache-Control: max-age=600", "", "Authorization: Bearer bob", COPY),
    ]);
}

#[test]
fn s3_5_the_directive_that_permitted_it_is_obeyed() {
    let first = "Authorization: Bearer alice";
    let rows = [
        ("Cache-Control: max-age=60, must-revalidate\nAge: 61\nETag: \"v1\"", first, "", NOTHING),
        ("Cache-Control: s-maxage=60\nAge: 61\nETag: \"v1\"", first, "", NOTHING),
    ];
    revisit_asking_in_outage(&rows);
    revisit_asking(&rows.map(|(stored, first, second, _)| (stored, first, second, ORIGIN)));
}

#[test]
fn s3_5_a_validation_for_an_authorized_client_shares_nothing_of_theirs() {
    let answers = [
        scripts::with_headers(
            &fields("Cache-Control: max-age=600\nETag: \"v2\"\nX-User: alice"),
            "for alice",
        ),
        scripts::not_modified(&fields("Cache-Control: max-age=600\nETag: \"v1\"\nX-User: alice")),
    ];
    let pages = all_visited(&[STALE, STALE]);
    for (page, answer) in pages.iter().zip(answers) {
        page.now([answer]);
        let answer = ask(page, "Authorization: Bearer alice");
        assert_eq!((answer.status(), answer.header("x-user")), (200, Some("alice")));
    }
    settle();
    for page in &pages {
        page.now([scripts::reset()]);
        let answer = ask(page, "");
        answer.is(200, COPY);
        assert_eq!(answer.header("x-user"), None);
    }
}

// Section 4: constructing responses

#[test]
fn s4_a_copy_answers_for_its_own_uri_alone() {
    let page = visited(copy(FRESH));
    settle();
    page.now([scripts::ok(ORIGIN)]);
    let path = &page.path;
    ask(&page, "").is(200, COPY);
    quick().call("GET", &format!("{path}?")).send().is(200, ORIGIN);
    quick().call("GET", &format!("{path}?a=1")).send().is(200, ORIGIN);
    for host in ["other.example.test", "www.example.test:8080"] {
        quick().get(&page).host(host).send().is(200, ORIGIN);
    }
    // Paths are compared with regard to case; the site does not know this one.
    assert_eq!(quick().call("GET", &path.to_uppercase()).send().status(), 404);
}

#[test]
fn s4_a_copy_of_get_answers_get_and_head_alone() {
    let page = visited(copy("Cache-Control: public, max-age=600"));
    settle();
    page.now([scripts::ok(ORIGIN)]);
    let head = quick().call("HEAD", &page.path).send();
    assert_eq!((head.status(), head.header("content-length")), (200, Some("4")));
    assert_eq!(page.attempts(), 1);
    quick().call("OPTIONS", &page.path).send().is(200, ORIGIN);
    // The copy is still there after a safe request.
    ask(&page, "").is(200, COPY);
    quick().call("POST", &page.path).send().is(200, ORIGIN);
}

#[test]
fn s4_no_cache_in_a_copy_means_validation_before_use() {
    let heads = [
        "Cache-Control: no-cache\nETag: \"v1\"",
        "Cache-Control: no-cache, max-age=600\nETag: \"v1\"",
        "Cache-Control: max-age=600\nCache-Control: No-Cache\nETag: \"v1\"",
    ];
    let pages = all_visited(&heads);
    for (page, head) in pages.iter().zip(heads) {
        page.now([scripts::not_modified(&fields("ETag: \"v1\""))]);
        ask(page, "").is(200, COPY);
        assert_eq!(page.attempts(), 2, "{head}");
        page.now([scripts::ok(ORIGIN)]);
        ask(page, "").is(200, ORIGIN);
    }
}

#[test]
fn s4_a_copy_is_used_if_it_is_fresh_or_allowed_stale_or_validated() {
    revisit(&[
        ("Cache-Control: max-age=600", COPY),
        ("Cache-Control: max-age=60, stale-while-revalidate=600\nAge: 100", COPY),
        ("Cache-Control: max-age=60\nAge: 100", ORIGIN),
        ("ETag: \"v1\"", ORIGIN),
    ]);
    let page = visited(copy(STALE));
    settle();
    page.now([scripts::not_modified(&fields("ETag: \"v1\""))]);
    ask(&page, "").is(200, COPY);
}

#[test]
fn s4_a_copy_has_an_age_in_place_of_the_one_that_it_came_with() {
    let pages = all_visited(&["Cache-Control: max-age=600\nAge: 30", "Cache-Control: max-age=600"]);
    let [old, new] = [&pages[0], &pages[1]].map(|page| {
        page.now([scripts::reset()]);
        ["GET", "HEAD"].map(|method| age(&quick().call(method, &page.path).send()))
    });
    assert!(old.iter().all(|age| (30..60).contains(age)), "{old:?}");
    assert!(new.iter().all(|age| *age < 30), "{new:?}");
}

#[test]
fn s4_a_304_and_a_part_made_from_a_copy_have_its_age() {
    let page = visited(copy("Cache-Control: max-age=600\nAge: 30\nETag: \"v1\""));
    settle();
    for (head, status) in [("If-None-Match: \"v1\"", 304), ("Range: bytes=0-1", 206)] {
        let answer = ask(&page, head);
        assert_eq!(answer.status(), status);
        assert!((30..60).contains(&age(&answer)), "{answer:?}");
    }
}

#[test]
fn s4_unsafe_requests_are_written_through() {
    let methods = ["POST", "PUT", "PATCH", "DELETE", "PROPPATCH"];
    let pages = methods.map(|_| visited(copy("Cache-Control: public, max-age=600")));
    settle();
    for (method, page) in methods.iter().zip(&pages) {
        page.now([scripts::ok(ORIGIN)]);
        quick().call(method, &page.path).body("x").send().is(200, ORIGIN);
        assert_eq!(
            (page.attempts(), &*page.seen()[1].method, &*page.seen()[1].body),
            (2, *method, &b"x"[..])
        );
    }
}

#[test]
fn s4_an_unsafe_request_is_written_through_even_with_only_if_cached() {
    let page = Page::new([scripts::ok(ORIGIN)]);
    let call = quick().call("POST", &page.path).with("Cache-Control", "only-if-cached").body("x");
    call.send().is(200, ORIGIN);
}

#[test]
fn s4_of_several_answers_the_most_recent_is_used() {
    let dated = |seconds: i64, body: &str| {
        let head = format!("Cache-Control: max-age=600\nDate: {}", date(seconds));
        scripts::with_headers(&fields(&head), body)
    };
    let page = visited(dated(-100, "older"));
    settle();
    page.now([dated(0, "newer")]);
    ask(&page, "Cache-Control: no-cache").is(200, "newer");
    settle();
    page.now([scripts::ok(ORIGIN)]);
    ask(&page, "").is(200, "newer");
}

// §4.1: Vary

#[test]
fn s4_1_every_nominated_field_has_to_match() {
    let vary = "Cache-Control: max-age=600\nVary: X-A, x-b\nVary: X-C";
    let first = "X-A: 1\nX-B: 2\nX-C: 3";
    revisit_asking(&[
        (vary, first, first, COPY),
        (vary, first, "x-c: 3\nx-b: 2\nx-a: 1", COPY), // names in any case, in any order
        (vary, first, "X-A: 0\nX-B: 2\nX-C: 3", ORIGIN),
        (vary, first, "X-A: 1\nX-B: 0\nX-C: 3", ORIGIN),
        (vary, first, "X-A: 1\nX-B: 2\nX-C: 0", ORIGIN),
        (vary, first, "X-A: 1\nX-B: 2\nX-C: 3, 4", ORIGIN),
        (vary, first, "X-A: 2\nX-B: 1\nX-C: 3", ORIGIN),
        (vary, "X-A: a", "X-A: A", ORIGIN), // nothing is known of the case of its values
        (vary, "X-A: a b", "X-A: ab", ORIGIN),
    ]);
}

#[test]
fn s4_1_a_field_that_is_not_nominated_does_not_matter() {
    revisit_asking(&[
        ("Cache-Control: max-age=600\nVary: X-A", "X-A: 1\nAccept: a/b", "X-A: 1\nAccept: c/d", COPY),
        (FRESH, "Accept-Language: de", "Accept-Language: en", COPY),
    ]);
}

#[test]
fn s4_1_an_absent_field_matches_its_absence_alone() {
    let vary = "Cache-Control: max-age=600\nVary: X-A, Accept-Language";
    revisit_asking(&[
        (vary, "", "", COPY),
        (vary, "X-A: 1", "", ORIGIN),
        (vary, "", "X-A: 1", ORIGIN),
        (vary, "Accept-Language: de", "", ORIGIN),
        (vary, "", "Accept-Language: de", ORIGIN),
        (vary, "X-A: 1", "X-A: 1", COPY),
    ]);
}

#[test]
fn s4_1_an_empty_field_does_not_match_an_absent_one() {
    let vary = "Cache-Control: max-age=600\nVary: X-A";
    revisit_asking(&[
        (vary, "X-A: ", "", ORIGIN),
        (vary, "", "X-A: ", ORIGIN),
        (vary, "X-A: ", "X-A: ", COPY),
    ]);
}

#[test]
fn s4_1_whitespace_lines_and_case_are_normalised_where_they_mean_nothing() {
    let vary = "Cache-Control: max-age=600\nVary: Accept-Language, X-A";
    revisit_asking(&[
        (vary, "Accept-Language: de, en;q=0.5", "Accept-Language: de,en;q=0.5", COPY),
        (vary, "Accept-Language: de, en;q=0.5", "Accept-Language: DE , EN; q=0.5", COPY),
        (vary, "Accept-Language: de\nAccept-Language: en", "Accept-Language: de, en", COPY),
        (vary, "X-A: 1\nX-A: 2", "X-A: 1, 2", COPY),
        (vary, "X-A: 1", "X-A:   1 ", COPY),
        (vary, "X-A: 1, 2", "X-A: 2, 1", ORIGIN), // the order may mean something
    ]);
}

#[test]
fn s4_1_a_star_never_matches() {
    revisit_in_outage(&[
        ("Cache-Control: max-age=600\nVary: *", NOTHING),
        ("Cache-Control: max-age=600\nVary: Accept, *", NOTHING),
        ("Cache-Control: max-age=600\nVary: Accept\nVary: *", NOTHING),
    ]);
}

#[test]
fn s4_1_of_several_that_match_the_most_recent_is_used() {
    let dated = |seconds: i64, body: &str| {
        let head = format!("Cache-Control: max-age=600\nVary: X-A\nDate: {}", date(seconds));
        scripts::with_headers(&fields(&head), body)
    };
    let page = visited_with(dated(-100, "older"), "X-A: 1");
    settle();
    page.now([dated(0, "newer")]);
    ask(&page, "X-A: 1\nCache-Control: no-cache").is(200, "newer");
    settle();
    page.now([scripts::ok(ORIGIN)]);
    ask(&page, "X-A: 1").is(200, "newer");
}

#[test]
fn s4_1_an_answer_without_vary_does_not_hide_one_with_it() {
    // Some sites leave Vary out of the answer for clients that prefer nothing.
    let page = Page::by(|seen| match seen.header("accept-language") {
        Some(language) => {
            scripts::with_headers(&fields("Cache-Control: max-age=600\nVary: Accept-Language"), language)
        }
        None => scripts::with_headers(&fields(FRESH), "default"),
    });
    ask(&page, "Accept-Language: de").is(200, "de");
    settle();
    ask(&page, "Cache-Control: no-cache").is(200, "default");
    settle();
    ask(&page, "Accept-Language: de").is(200, "de");
}

// §4.2: freshness

#[test]
fn s4_2_an_answer_is_fresh_while_its_age_is_below_its_lifetime() {
    revisit(&[
        ("Cache-Control: max-age=600\nAge: 500", COPY),
        ("Cache-Control: max-age=600\nAge: 600", ORIGIN),
        ("Cache-Control: max-age=600\nAge: 601", ORIGIN),
        ("Cache-Control: max-age=0", ORIGIN),
    ]);
}

/// The forms that `asctime` and RFC 850 give to an HTTP date (RFC 9110 §5.6.7).
fn old_forms(date: &str) -> [String; 2] {
    let parts: Vec<_> = date.split([' ', ',']).filter(|part| !part.is_empty()).collect();
    let [weekday, day, month, year, time, _] = parts[..] else { panic!("{date}") };
    let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let long = weekdays.iter().find(|long| long.starts_with(weekday)).unwrap();
    let padded = day.trim_start_matches('0');
    [
        format!("{weekday} {month} {padded:>2} {time} {year}"),
        format!("{long}, {day}-{month}-{} {time} GMT", &year[2..]),
    ]
}

#[test]
fn s4_2_dates_are_read_in_all_three_forms() {
    let mut rows =
        vec![(format!("Expires: {}", date(600)), COPY), (format!("Expires: {}", date(-5)), ORIGIN)];
    for (seconds, from) in [(600, COPY), (-5, ORIGIN)] {
        rows.extend(old_forms(&date(seconds)).map(|date| (format!("Expires: {date}"), from)));
    }
    // Date, against which Expires counts, as well.
    for made_at in old_forms(&date(-100)) {
        rows.push((format!("Date: {made_at}\nExpires: {}", date(600)), COPY));
        rows.push((format!("Date: {made_at}\nCache-Control: max-age=50"), ORIGIN));
    }
    let rows: Vec<_> = rows.iter().map(|(head, from)| (head.as_str(), *from)).collect();
    revisit(&rows);
}

#[test]
fn s4_2_dates_are_matched_in_any_case() {
    let later = date(600);
    let heads = [
        later.to_lowercase(),
        later.to_uppercase(),
        old_forms(&later)[0].to_lowercase(),
        old_forms(&later)[1].to_lowercase(),
    ]
    .map(|date| format!("Expires: {date}"));
    revisit(&heads.each_ref().map(|head| (head.as_str(), COPY)));
}

#[test]
fn s4_2_a_date_in_another_zone_than_gmt_is_invalid() {
    // It counts as past then (§5.3). No local time zone can have a part in it.
    let later = date(100_000);
    let heads = ["EST", "UTC", "CET", "+0000", "Z", ""]
        .map(|zone| format!("Expires: {}", later.replace("GMT", zone).trim_end()));
    revisit(&heads.each_ref().map(|head| (head.as_str(), ORIGIN)));
}

#[test]
fn s4_2_1_s_maxage_wins_over_max_age_and_that_over_expires() {
    let (past, later) = (date(-600), date(600));
    let both =
        |directives: &str, expires: &str| format!("Age: 10\nCache-Control: {directives}\nExpires: {expires}");
    let rows = [
        (both("s-maxage=600, max-age=0", &past), COPY),
        (both("max-age=0, s-maxage=600", &past), COPY),
        (both("s-maxage=5, max-age=600", &later), ORIGIN),
        (both("max-age=600", &past), COPY),
        (both("max-age=5", &later), ORIGIN),
        (both("public", &later), COPY),
        (both("public", &past), ORIGIN),
    ];
    revisit(&rows.each_ref().map(|(head, from)| (head.as_str(), *from)));
}

#[test]
fn s4_2_1_expires_counts_from_date() {
    // The origin's clock alone is used, whatever ours says.
    let rows = [
        (date(-100), date(400), COPY),
        (date(-100), date(-50), ORIGIN),
        (date(3600), date(3600 + 600), COPY), // a clock ahead of ours
        (date(3600), date(3000), ORIGIN),     // not yet past here, past there
        (date(0), date(0), ORIGIN),
    ]
    .map(|(made_at, expires, from)| (format!("Date: {made_at}\nExpires: {expires}"), from));
    revisit(&rows.each_ref().map(|(head, from)| (head.as_str(), *from)));
}

#[test]
fn s4_2_1_expires_counts_from_receipt_where_there_is_no_date() {
    let rows = [(date(600), COPY), (date(-1), ORIGIN)].map(|(date, from)| (format!("Expires: {date}"), from));
    revisit(&rows.each_ref().map(|(head, from)| (head.as_str(), *from)));
}

#[test]
fn s4_2_1_of_several_values_the_first_holds_or_none() {
    let (past, later) = (date(-600), date(600));
    let expires = format!("Expires: {past}\nExpires: {later}");
    revisit(&[
        ("Age: 20\nCache-Control: max-age=10, max-age=600", ORIGIN),
        ("Age: 20\nCache-Control: max-age=10\nCache-Control: max-age=600", ORIGIN),
        ("Age: 20\nCache-Control: s-maxage=10, s-maxage=600", ORIGIN),
        ("Cache-Control: max-age=600, max-age=600", COPY),
        (&expires, ORIGIN),
    ]);
}

#[test]
fn s4_2_1_of_directives_that_conflict_the_strictest_holds() {
    revisit(&[
        ("Cache-Control: max-age=600, no-cache", ORIGIN),
        ("Cache-Control: no-cache, s-maxage=600, public", ORIGIN),
        ("Cache-Control: public, no-store, max-age=600", ORIGIN),
        ("Cache-Control: max-age=600, public, private", ORIGIN),
    ]);
}

#[test]
fn s4_2_1_a_lifetime_that_cannot_be_read_makes_the_answer_stale() {
    revisit(&[
        ("Cache-Control: max-age", ORIGIN),
        ("Cache-Control: max-age=", ORIGIN),
        ("Cache-Control: max-age=soon", ORIGIN),
        ("Cache-Control: max-age=-600", ORIGIN),
        ("Cache-Control: max-age=+600", ORIGIN),
        ("Cache-Control: max-age=600.5", ORIGIN),
        ("Cache-Control: max-age=0x600", ORIGIN),
        ("Cache-Control: max-age=600s", ORIGIN),
        ("Cache-Control: max-age='600'", ORIGIN),
        ("Cache-Control: s-maxage=soon, max-age=600", ORIGIN),
    ]);
}

#[test]
fn s4_2_1_a_lifetime_past_every_range_is_the_longest() {
    // §1.2.2: what does not fit counts as 2^31 or the largest number that can be held.
    let never = "Expires: Fri, 31 Dec 9999 23:59:59 GMT";
    revisit(&[
        ("Age: 1000\nCache-Control: max-age=2147483647", COPY),
        ("Age: 1000\nCache-Control: max-age=2147483648", COPY),
        ("Age: 1000\nCache-Control: max-age=4294967296", COPY),
        ("Age: 1000\nCache-Control: max-age=18446744073709551616", COPY),
        ("Age: 1000\nCache-Control: s-maxage=99999999999999999999999999999999", COPY),
        (never, COPY),
    ]);
}

#[test]
fn s4_2_2_no_heuristic_overrides_an_explicit_time() {
    // A heuristic would give these months.
    let old = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    let rows = [
        format!("{old}\nCache-Control: max-age=0"),
        format!("{old}\nCache-Control: s-maxage=0"),
        format!("{old}\nExpires: {}", date(-10)),
        format!("{old}\nExpires: 0"),
        format!("{old}\nAge: 100\nCache-Control: max-age=60"),
    ];
    revisit(&rows.each_ref().map(|head| (head.as_str(), ORIGIN)));
}

#[test]
fn s4_2_2_the_configured_lifetime_holds_only_where_none_is_stated() {
    let edge = tight();
    let silent = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    let rows = [
        ("200 OK", silent, COPY),
        ("200 OK", "Cache-Control: public", COPY),
        ("200 OK", "Cache-Control: max-age=0", ORIGIN),
        ("200 OK", "Cache-Control: s-maxage=0", ORIGIN),
        ("200 OK", "Expires: 0", ORIGIN),
        ("302 Found", silent, ORIGIN), // not heuristically cacheable
        ("403 Forbidden", silent, ORIGIN),
    ];
    let pages = rows.map(|(status, head, _)| {
        let page = Page::new([scripts::answer(status, &fields(head), COPY)]);
        edge.get(&page).send();
        page
    });
    settle_at(&edge);
    for (page, (status, head, from)) in pages.iter().zip(rows) {
        page.now([scripts::ok(ORIGIN)]);
        assert_eq!(edge.get(page).send().text(), from, "{status} {head}");
    }
}

#[test]
fn s4_2_3_age_is_the_larger_of_what_date_and_age_say() {
    let [minute, hour] = [date(-60), date(-3600)];
    let rows = [
        (format!("Cache-Control: max-age=1000\nDate: {minute}"), 60),
        (format!("Cache-Control: max-age=1000\nDate: {minute}\nAge: 500"), 500),
        (format!("Cache-Control: max-age=9000\nDate: {hour}\nAge: 500"), 3600),
        (format!("Cache-Control: max-age=1000\nDate: {}", date(3600)), 0), // negative counts as zero
        ("Cache-Control: max-age=1000\nDate: yesterday".to_owned(), 0),
    ];
    let heads: Vec<_> = rows.iter().map(|(head, _)| head.as_str()).collect();
    for (page, (head, expected)) in all_visited(&heads).iter().zip(&rows) {
        page.now([scripts::reset()]);
        let age = age(&ask(page, ""));
        assert!((*expected..expected + 30).contains(&age), "{head}: {age}");
    }
    let stale = format!("Cache-Control: max-age=50\nDate: {minute}");
    revisit(&[(&stale, ORIGIN), ("Cache-Control: max-age=50\nAge: 60", ORIGIN)]);
}

#[test]
fn s4_2_3_an_answer_without_date_gets_the_time_of_its_receipt() {
    // RFC 9110 §6.6.1: it is added where the answer is stored or sent on, or the next cache counts anew.
    let page = visited(copy(FRESH));
    settle();
    let answer = ask(&page, "");
    answer.is(200, COPY);
    assert!(answer.header("date").is_some_and(|date| httpdate::parse_http_date(date).is_ok()), "{answer:?}");
}

#[test]
fn s4_2_3_age_counts_from_when_the_request_was_sent() {
    // The answer takes a second and a half, which its Age does not know of.
    let page =
        visited(scripts::late(Duration::from_millis(1500), copy("Cache-Control: max-age=600\nAge: 599")));
    settle();
    page.now([scripts::ok(ORIGIN)]);
    ask(&page, "").is(200, ORIGIN);
}

#[test]
fn s4_2_4_a_stale_answer_is_not_given_where_a_directive_forbids_it() {
    let rows = [
        "no-cache",
        "no-cache, max-age=60",
        "no-cache, stale-while-revalidate=600",
        "max-age=60, must-revalidate",
        "max-age=60, must-revalidate, stale-if-error=0",
        "max-age=60, proxy-revalidate",
        "s-maxage=60",
        "s-maxage=60, max-age=600",
        "s-maxage=60, stale-while-revalidate=30, stale-if-error=30", // past by now
    ]
    .map(|directives| format!("Cache-Control: {directives}\nAge: 100\nETag: \"v1\""));
    revisit_in_outage(&rows.each_ref().map(|head| (head.as_str(), NOTHING)));
    revisit(&rows.each_ref().map(|head| (head.as_str(), ORIGIN)));
}

#[test]
fn s4_2_4_a_window_beside_the_directive_is_the_permission_of_the_origin() {
    // What is explicitly permitted by the origin is no prohibition of its; each window is for its own use.
    let heads = [
        ("no-cache, stale-if-error=600", COPY, ORIGIN),
        ("no-cache, stale-while-revalidate=600, stale-if-error=600", COPY, ORIGIN),
        ("max-age=60, must-revalidate, stale-if-error=600", COPY, ORIGIN),
        ("max-age=60, proxy-revalidate, stale-while-revalidate=600", COPY, COPY),
        ("s-maxage=60, stale-if-error=600", COPY, ORIGIN),
        ("s-maxage=60, stale-while-revalidate=600", COPY, COPY),
        ("s-maxage=60, stale-while-revalidate", COPY, COPY), // Next.js 13 and 14
        ("s-maxage=60, stale-while-revalidate=31535940", COPY, COPY), // Next.js 15 and later
    ];
    let rows = heads.map(|(directives, down, well)| {
        (format!("Cache-Control: {directives}\nAge: 100\nETag: \"v1\""), down, well)
    });
    revisit_in_outage(&rows.each_ref().map(|(head, down, _)| (head.as_str(), *down)));
    revisit(&rows.each_ref().map(|(head, _, well)| (head.as_str(), *well)));
}

#[test]
fn s4_2_4_a_stale_answer_is_not_given_while_the_origin_answers() {
    // Not without permission: stale-if-error is none as long as there is no error.
    revisit(&[
        ("Cache-Control: max-age=60\nAge: 61", ORIGIN),
        ("Cache-Control: max-age=60, stale-if-error=600\nAge: 61", ORIGIN),
        ("Cache-Control: max-age=60, stale-while-revalidate=0\nAge: 61", ORIGIN),
        ("Expires: 0", ORIGIN),
        ("", ORIGIN),
    ]);
}

#[test]
fn s4_2_4_a_stale_answer_is_given_to_the_disconnected_as_configured() {
    revisit_in_outage(&[
        ("Cache-Control: max-age=60\nAge: 100", COPY),
        ("", COPY),
        ("Cache-Control: max-age=60, stale-if-error=0\nAge: 100", NOTHING),
    ]);
}

// §4.3: validation

/// The conditions under which the origin was asked after the copy in each row.
fn conditions(rows: &[(&str, &str)]) -> Vec<(Option<String>, Option<String>)> {
    let stored: Vec<_> = rows.iter().map(|(stored, _)| *stored).collect();
    let pages = all_visited(&stored);
    let asked = pages.iter().zip(rows).map(|(page, (_, request))| {
        page.now([scripts::ok(ORIGIN)]);
        ask(page, request);
        let seen = page.seen().remove(1);
        let field = |name| seen.header(name).map(str::to_owned);
        (field("if-none-match"), field("if-modified-since"))
    });
    asked.collect()
}

const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[test]
fn s4_3_1_the_entity_tag_is_sent() {
    let large = format!("Cache-Control: max-age=0\nETag: \"{}\"", "v".repeat(500));
    let rows = [
        (STALE, "\"v1\""),
        ("Cache-Control: no-cache\nETag: W/\"weak\"", "W/\"weak\""),
        ("Cache-Control: max-age=0\nETag: \"a,b\"", "\"a,b\""),
        ("Cache-Control: max-age=0\nETag: \"\"", "\"\""),
        (&large, large.split("ETag: ").nth(1).unwrap()),
    ];
    let asked = conditions(&rows.map(|(head, _)| (head, "")));
    for ((head, tag), (if_none_match, _)) in rows.iter().zip(asked) {
        assert_eq!(if_none_match.as_deref(), Some(*tag), "{head}");
    }
}

#[test]
fn s4_3_1_the_entity_tag_is_sent_whatever_the_client_asks_under() {
    let requests = ["If-None-Match: \"own\"", &format!("If-Modified-Since: {THEN}"), "Range: bytes=0-1"];
    let asked = conditions(&requests.map(|request| (STALE, request)));
    for (request, (if_none_match, _)) in requests.iter().zip(asked) {
        assert!(
            if_none_match.as_ref().is_some_and(|tags| tags.contains("\"v1\"")),
            "{request}: {if_none_match:?}"
        );
    }
}

#[test]
fn s4_3_1_last_modified_is_sent_as_it_came() {
    let old_form = old_forms(THEN)[1].clone();
    let rows = [
        (format!("Cache-Control: max-age=0\nLast-Modified: {THEN}"), None, THEN),
        (format!("{STALE}\nLast-Modified: {THEN}"), Some("\"v1\""), THEN),
        (format!("Cache-Control: max-age=0\nLast-Modified: {old_form}"), None, &old_form),
    ];
    let asked = conditions(&rows.each_ref().map(|(head, ..)| (head.as_str(), "")));
    for ((head, tag, modified), asked) in rows.iter().zip(asked) {
        assert_eq!((asked.0.as_deref(), asked.1.as_deref()), (*tag, Some(*modified)), "{head}");
    }
}

#[test]
fn s4_3_2_a_clients_conditions_are_compared_with_the_copy() {
    let head = format!("Cache-Control: max-age=600\nETag: \"v1\"\nLast-Modified: {THEN}");
    let page = visited(copy(&head));
    settle();
    page.now([scripts::ok(ORIGIN)]);
    let mut wrong = Vec::new();
    for (request, status) in [
        ("If-None-Match: \"v1\"", 304),
        ("If-None-Match: W/\"v1\"", 304), // weak comparison (RFC 9110 §13.1.2)
        ("If-None-Match: \"v0\", \"v1\"", 304),
        ("If-None-Match: \"v0\"\nIf-None-Match: \"v1\"", 304),
        ("If-None-Match: *", 304),
        ("If-None-Match: \"v0\"", 200),
        ("If-None-Match: \"V1\"", 200),
        ("If-None-Match: v1", 200),
        ("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 304),
        ("If-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT", 304),
        ("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", 304),
        ("If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT", 200),
        ("If-Modified-Since: the other day", 200),
        // If-None-Match takes precedence.
        ("If-None-Match: \"v0\"\nIf-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT", 200),
        ("If-None-Match: \"v1\"\nIf-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT", 304),
    ] {
        for method in ["GET", "HEAD"] {
            let call = quick().call(method, &page.path);
            let call = fields(request).into_iter().fold(call, |call, (name, value)| call.with(name, value));
            let answer = call.send();
            let length = if (method, status) == ("GET", 200) { COPY.len() } else { 0 };
            if (answer.status(), answer.body.len(), &answer.end) != (status, length, &End::Whole) {
                wrong.push(format!("{method} {request}: {}", answer.status()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(page.attempts(), 1);
}

#[test]
fn s4_3_2_a_clients_conditions_are_compared_with_a_stale_copy_that_may_be_used() {
    let behind = "Cache-Control: max-age=60, stale-while-revalidate=600\nAge: 100\nETag: \"v1\"";
    let in_outage = "Cache-Control: max-age=60, stale-if-error=600\nAge: 100\nETag: \"v1\"";
    for page in all_visited(&[behind, in_outage]) {
        page.now([scripts::reset()]);
        assert_eq!(ask(&page, "If-None-Match: \"v1\"").status(), 304);
        ask(&page, "If-None-Match: \"v0\"").is(200, COPY);
    }
}

#[test]
fn s4_3_2_a_304_made_here_names_the_version() {
    // RFC 9110 §15.4.5: what a 200 would have had of these.
    let head = format!(
        "Cache-Control: max-age=600\nETag: \"v1\"\nContent-Location: /a\nDate: {}\nExpires: {THEN}\n\
         Vary: Accept\nContent-Type: text/x",
        date(0)
    );
    let page = visited(copy(&head));
    settle();
    let answer = ask(&page, "If-None-Match: \"v1\"");
    assert_eq!((answer.status(), page.attempts()), (304, 1));
    for (name, value) in fields(&head).into_iter().filter(|(name, _)| *name != "Content-Type") {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
}

#[test]
fn s4_3_2_conditions_are_evaluated_for_a_stored_200_alone() {
    let statuses = ["404 Not Found", "301 Moved Permanently", "410 Gone"];
    let head = "Cache-Control: max-age=600\nETag: \"v1\"";
    let pages = statuses.map(|status| visited(scripts::answer(status, &fields(head), COPY)));
    settle();
    for (status, page) in statuses.iter().zip(&pages) {
        let answer = ask(page, "If-None-Match: \"v1\"");
        assert!(status.starts_with(&answer.status().to_string()), "{status}: {answer:?}");
        assert_eq!(page.attempts(), 1, "{status}");
    }
}

#[test]
fn s4_3_2_without_last_modified_the_date_stands_for_it() {
    let page = visited(copy(&format!("Cache-Control: max-age=6000\nDate: {}", date(-1000))));
    settle();
    for (since, status) in [(date(-900), 304), (date(-1100), 200)] {
        let answer = ask(&page, &format!("If-Modified-Since: {since}"));
        assert_eq!((answer.status(), page.attempts()), (status, 1), "{since}");
    }
}

#[test]
fn s4_3_2_without_a_date_either_the_time_of_receipt_stands_for_it() {
    let page = visited(copy(FRESH));
    settle();
    for (since, status) in [(date(900), 304), (date(-900), 200)] {
        let answer = ask(&page, &format!("If-Modified-Since: {since}"));
        assert_eq!((answer.status(), page.attempts()), (status, 1), "{since}");
    }
}

#[test]
fn s4_3_2_if_match_and_if_unmodified_since_are_left_to_the_origin() {
    let requests = ["If-Match: \"v0\"", "If-Match: \"v1\"", &format!("If-Unmodified-Since: {THEN}")];
    let pages = requests.map(|_| visited(copy("Cache-Control: max-age=600\nETag: \"v1\"")));
    settle();
    for (request, page) in requests.iter().zip(&pages) {
        page.now([scripts::answer("412 Precondition Failed", &[], "")]);
        assert_eq!(ask(page, request).status(), 412, "{request}");
        let (name, value) = fields(request)[0];
        assert_eq!(page.seen()[1].header(name), Some(value));
    }
}

#[test]
fn s4_3_2_conditions_for_what_is_not_stored_go_to_the_origin_as_they_are() {
    for request in ["If-None-Match: \"own\", W/\"two\"", &format!("If-Modified-Since: {THEN}")] {
        let page = Page::new([scripts::not_modified(&[("ETag", "\"own\"")])]);
        assert_eq!(ask(&page, request).status(), 304, "{request}");
        let (name, value) = fields(request)[0];
        assert_eq!(page.seen()[0].header(name), Some(value));
    }
}

#[test]
fn s4_3_2_conditions_of_an_unsafe_request_go_to_the_origin() {
    let page = visited(copy("Cache-Control: max-age=600\nETag: \"v1\""));
    settle();
    page.now([scripts::answer("412 Precondition Failed", &[], "")]);
    let put = quick().call("PUT", &page.path).with("If-None-Match", "*").body("x").send();
    assert_eq!((put.status(), page.seen()[1].header("if-none-match")), (412, Some("*")));
}

#[test]
fn s4_3_2_if_range_is_compared_with_the_copy() {
    let head = format!("Cache-Control: max-age=600\nETag: \"v1\"\nDate: {}\nLast-Modified: {THEN}", date(0));
    let strong = visited(copy(&head));
    let weak = visited(copy("Cache-Control: max-age=600\nETag: W/\"v1\""));
    settle();
    for (page, if_range, status) in [
        (&strong, "\"v1\"", 206),
        (&strong, "\"v0\"", 200),
        (&strong, THEN, 206),
        (&strong, "Mon, 07 Nov 1994 08:49:37 GMT", 200), // has to be the very date
        (&strong, "W/\"v1\"", 200),                      // strong comparison (RFC 9110 §13.1.5)
        (&weak, "W/\"v1\"", 200),
    ] {
        let answer = ask(page, &format!("Range: bytes=0-1\nIf-Range: {if_range}"));
        assert_eq!((answer.status(), page.attempts()), (status, 1), "{if_range}");
    }
}

#[test]
fn s4_3_2_a_304_about_a_version_that_the_client_lacks_becomes_a_200() {
    let pages = all_visited(&[STALE, STALE]);
    for (page, (request, status)) in
        pages.iter().zip([("If-None-Match: \"v0\"", 200), ("If-None-Match: \"v0\", \"v1\"", 304)])
    {
        page.now([scripts::not_modified(&fields("ETag: \"v1\"\nX-New: 1"))]);
        let answer = ask(page, request);
        assert_eq!((answer.status(), answer.header("x-new")), (status, Some("1")), "{request}");
        assert_eq!(answer.text(), if status == 200 { COPY } else { "" });
    }
}

#[test]
fn s4_3_3_a_full_answer_to_a_validation_is_the_answer() {
    let statuses =
        ["200 OK", "301 Moved Permanently", "302 Found", "403 Forbidden", "404 Not Found", "410 Gone"];
    let pages = statuses.map(|_| visited(copy(STALE)));
    settle();
    for (status, page) in statuses.iter().zip(&pages) {
        page.now([scripts::answer(status, &[("Location", "/elsewhere")], ORIGIN)]);
        let answer = ask(page, "");
        assert!(status.starts_with(&answer.status().to_string()), "{status}: {answer:?}");
        assert_eq!((giver(&answer), page.attempts()), (ORIGIN, 2), "{status}");
    }
}

#[test]
fn s4_3_3_a_full_answer_to_a_validation_takes_the_place_of_the_copy() {
    let page = visited(copy(STALE));
    settle();
    page.now([scripts::with_headers(&fields("Cache-Control: max-age=600\nETag: \"v2\""), "second")]);
    ask(&page, "").is(200, "second");
    settle();
    page.now([scripts::ok(ORIGIN)]);
    ask(&page, "").is(200, "second");
}

#[test]
fn s4_3_3_a_5xx_to_a_validation_is_passed_on_or_replaced_by_a_copy_that_may_be_used() {
    let forbids = "Cache-Control: max-age=60, must-revalidate\nAge: 100\nETag: \"v1\"";
    for status in [500, 502, 503, 504] {
        let pages = all_visited(&[forbids, "Cache-Control: max-age=60\nAge: 100\nETag: \"v1\""]);
        let answers = pages.iter().map(|page| {
            let status = format!("{status} Error");
            page.now([scripts::answer(&status, &[("Content-Type", "application/json")], "{}")]);
            let answer = ask(page, "");
            (answer.status(), answer.text())
        });
        let expected = [(status, "{}".to_owned()), (200, COPY.to_owned())];
        assert!(answers.eq(expected), "{status}");
    }
}

#[test]
fn s4_3_4_a_304_freshens_the_version_that_it_names_and_no_other() {
    let changed = "Mon, 07 Nov 1994 08:49:37 GMT";
    let stored = |tag: &str, modified: &str| {
        let tag = if tag.is_empty() { String::new() } else { format!("\nETag: {tag}") };
        let modified =
            if modified.is_empty() { String::new() } else { format!("\nLast-Modified: {modified}") };
        format!("Cache-Control: max-age=0{tag}{modified}")
    };
    // Head of the stored answer, head of the 304, who then answers: without a match the origin is asked again.
    let rows = [
        (stored("\"v1\"", ""), stored("\"v1\"", ""), COPY),
        (stored("\"v1\"", ""), stored("\"v2\"", ""), ORIGIN), // a strong validator that nothing stored has
        (stored("\"v1\"", THEN), stored("\"v2\"", THEN), ORIGIN),
        (stored("W/\"v1\"", ""), stored("\"v1\"", ""), ORIGIN), // is not the stored one's strong validator
        (stored("W/\"v1\"", ""), stored("W/\"v1\"", ""), COPY),
        (stored("W/\"v1\"", ""), stored("W/\"v2\"", ""), ORIGIN),
        (stored("", THEN), stored("", THEN), COPY),
        (stored("", THEN), stored("", changed), ORIGIN),
        (stored("\"v1\"", THEN), stored("\"v1\"", THEN), COPY),
    ];
    let heads: Vec<_> = rows.iter().map(|(stored, ..)| stored.as_str()).collect();
    for (page, (stored, not_modified, from)) in all_visited(&heads).iter().zip(&rows) {
        page.now([scripts::not_modified(&fields(not_modified)), scripts::ok(ORIGIN)]);
        let answer = ask(page, "");
        let attempts = if *from == COPY { 2 } else { 3 };
        assert_eq!((giver(&answer), page.attempts()), (*from, attempts), "{stored} | {not_modified}");
        if *from == ORIGIN {
            let again = page.seen().remove(2);
            assert_eq!((again.header("if-none-match"), again.header("if-modified-since")), (None, None));
        }
    }
}

#[test]
fn s4_3_4_a_304_freshens_a_large_copy_too() {
    let body = "0123456789abcdef".repeat(LARGE / 16);
    let page = Page::new([scripts::with_headers(&fields(STALE), &body)]);
    ask(&page, "").is(200, &body);
    settle();
    page.now([scripts::not_modified(&fields("ETag: \"v1\"\nCache-Control: max-age=600\nX-New: 1"))]);
    ask(&page, "").is(200, &body);
    settle();
    page.now([scripts::reset()]);
    let answer = ask(&page, "");
    answer.is(200, &body);
    assert_eq!((answer.header("x-new"), answer.header("content-length")), (Some("1"), Some("65536")));
}

#[test]
fn s4_3_4_a_304_to_head_or_to_a_request_for_a_part_freshens_the_copy_too() {
    // It says the same as one to GET: the copy could have been chosen for either request.
    let rows = [("HEAD", ""), ("GET", "Range: bytes=0-1")];
    let pages = rows.map(|_| visited(copy(STALE)));
    settle();
    for ((method, head), page) in rows.iter().zip(&pages) {
        page.now([scripts::not_modified(&fields("ETag: \"v1\"\nCache-Control: max-age=600\nX-New: 1"))]);
        let call = quick().call(method, &page.path);
        let answer = fields(head).into_iter().fold(call, |call, (name, value)| call.with(name, value)).send();
        assert_eq!(answer.header("x-new"), Some("1"), "{method}: {answer:?}");
    }
    settle();
    for ((method, head), page) in rows.iter().zip(&pages) {
        page.now([scripts::ok(ORIGIN)]);
        let answer = ask(page, head);
        assert_eq!((answer.header("x-new"), page.attempts()), (Some("1"), 2), "{method} {head}: {answer:?}");
    }
}

#[test]
fn s4_3_4_a_freshened_copy_is_as_young_as_the_304() {
    let stored = "Cache-Control: max-age=60\nAge: 500\nETag: \"v1\"";
    let dated = format!("ETag: \"v1\"\nDate: {}", date(0));
    let rows = [(stored, "ETag: \"v1\""), (stored, &dated), (stored, "ETag: \"v1\"\nAge: 40")];
    for ((second, third), expected) in freshened(&rows).into_iter().zip([0, 0, 40]) {
        for answer in [second, third] {
            answer.is(200, COPY);
            // A validated answer need not state its age.
            let stated = if answer.header("age").is_some() { age(&answer) } else { expected };
            assert!((expected..expected + 20).contains(&stated), "{answer:?}");
        }
    }
}

// §4.4: invalidation

#[test]
fn s4_4_an_unsafe_request_that_is_not_refused_invalidates_its_uri() {
    let mut pages = Vec::new();
    for method in ["POST", "PUT", "PATCH", "DELETE", "PROPPATCH"] {
        for status in ["200 OK", "201 Created", "204 No Content", "303 See Other"] {
            pages.push((method, status, visited(copy(FRESH))));
        }
    }
    settle();
    for (method, status, page) in &pages {
        page.now([scripts::answer(status, &[("Location", "/elsewhere")], "")]);
        let answer = quick().call(method, &page.path).send();
        assert!(status.starts_with(&answer.status().to_string()), "{method} {status}");
    }
    settle();
    for (method, status, page) in &pages {
        page.now([scripts::ok(ORIGIN)]);
        assert_eq!(ask(page, "").text(), ORIGIN, "{method} {status}");
    }
}

#[test]
fn s4_4_what_is_invalid_is_not_used_while_the_origin_answers() {
    // When it is down, the copy is served: a deviation, because anybody could remove it otherwise.
    let page = visited(copy(FRESH));
    settle();
    page.now([scripts::ok("done")]);
    quick().call("POST", &page.path).send().is(200, "done");
    settle();
    page.now([scripts::reset()]);
    assert!(ask(&page, "").header("cache-status").is_some_and(|status| status.contains("fwd=stale")));
    page.now([scripts::ok(ORIGIN)]);
    assert_eq!(ask(&page, "").text(), ORIGIN);
}

#[test]
fn s4_4_every_variant_is_invalidated() {
    let page = Page::new([copy("Cache-Control: max-age=600\nVary: X-A")]);
    for value in ["1", "2"] {
        ask(&page, &format!("X-A: {value}"));
        settle();
    }
    page.now([scripts::ok("done")]);
    quick().call("DELETE", &page.path).send().is(200, "done");
    settle();
    page.now([scripts::with_headers(&fields("Cache-Control: max-age=600\nVary: X-A"), ORIGIN)]);
    for value in ["1", "2", "1"] {
        ask(&page, &format!("X-A: {value}")).is(200, ORIGIN);
        settle();
    }
}

#[test]
fn s4_4_an_unsafe_request_that_is_refused_invalidates_nothing() {
    let statuses = [
        "400 Bad Request",
        "403 Forbidden",
        "404 Not Found",
        "409 Conflict",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ];
    let pages = statuses.map(|status| (status, visited(copy(FRESH))));
    settle();
    for (status, page) in &pages {
        page.now([scripts::answer(status, &[], "no")]);
        quick().call("POST", &page.path).send();
    }
    now_answered(&pages, &scripts::ok(ORIGIN), COPY);
}

#[test]
fn s4_4_a_safe_request_invalidates_nothing() {
    let page = visited(copy(FRESH));
    settle();
    page.now([scripts::ok("allowed")]);
    quick().call("OPTIONS", &page.path).send().is(200, "allowed");
    now_answered(&[("OPTIONS", page)], &scripts::ok(ORIGIN), COPY);
}

#[test]
fn s4_4_an_answer_that_breaks_off_behind_its_status_invalidates_as_well() {
    // The status was received, and the origin did what it was asked to.
    let pages = [COPY.len(), LARGE].map(|length| (length, visited(copy(FRESH))));
    settle();
    for (length, page) in &pages {
        page.now([scripts::cut_short(vec![b'x'; *length], 10)]);
        quick().call("POST", &page.path).send();
    }
    let pages = pages.map(|(length, page)| (if length == LARGE { "large" } else { "small" }, page));
    now_answered(&pages, &scripts::ok(ORIGIN), ORIGIN);
}

#[test]
fn s4_4_the_query_belongs_to_the_uri_that_is_invalidated() {
    let page = Page::new([copy(FRESH)]);
    let target = format!("{}?a=1", page.path);
    quick().call("GET", &target).send().is(200, COPY);
    settle();
    page.now([scripts::ok("done")]);
    quick().call("POST", &target).send().is(200, "done");
    settle();
    page.now([scripts::ok(ORIGIN)]);
    quick().call("GET", &target).send().is(200, ORIGIN);
}

#[test]
fn s4_4_nothing_of_another_origin_is_invalidated() {
    let other = "other.example.test";
    let target = Page::new([copy(FRESH)]);
    let bystanders = [Page::new([copy(FRESH)]), Page::new([copy(FRESH)])];
    for page in &bystanders {
        quick().get(page).host(other).send().is(200, COPY);
    }
    ask(&target, "");
    settle();
    let [location, content_location] =
        [&bystanders[0], &bystanders[1]].map(|page| format!("http://{other}{}", page.path));
    let fields = [("Location", location.as_str()), ("Content-Location", content_location.as_str())];
    target.now([scripts::answer("201 Created", &fields, "done")]);
    assert_eq!(quick().call("POST", &target.path).send().status(), 201);
    settle();
    for page in &bystanders {
        page.now([scripts::ok(ORIGIN)]);
        quick().get(page).host(other).send().is(200, COPY);
    }
}

// Section 5: fields

#[test]
fn s5_1_of_several_ages_the_first_counts() {
    revisit(&[
        ("Cache-Control: max-age=600\nAge: 10, 900", COPY),
        ("Cache-Control: max-age=600\nAge: 900, 10", ORIGIN),
        ("Cache-Control: max-age=600\nAge: 10\nAge: 900", COPY),
        ("Cache-Control: max-age=600\nAge: 900\nAge: 10", ORIGIN),
    ]);
}

#[test]
fn s5_1_an_invalid_age_is_ignored() {
    revisit(&[
        ("Cache-Control: max-age=600\nAge: old", COPY),
        ("Cache-Control: max-age=600\nAge: -900", COPY),
        ("Cache-Control: max-age=600\nAge: 900.5", COPY),
        ("Cache-Control: max-age=600\nAge: \"900\"", COPY),
        ("Cache-Control: max-age=600\nAge: ", COPY),
        ("Cache-Control: max-age=600\nAge: old, 900", COPY), // the first member is what is judged
        ("Cache-Control: max-age=600\nAge: 99999999999999999999", ORIGIN), // a number past every range is old
    ]);
}

#[test]
fn s5_1_age_is_written_as_a_non_negative_integer() {
    let heads = [
        "Cache-Control: max-age=600\nAge: 007",
        "Cache-Control: max-age=600\nAge: old",
        "Cache-Control: max-age=600\nAge: 10, 20",
    ];
    for (page, head) in all_visited(&heads).iter().zip(heads) {
        page.now([scripts::reset()]);
        assert!(age(&ask(page, "")) < 60, "{head}");
    }
}

#[test]
fn s5_2_a_requests_directives_are_passed_on() {
    let asks =
        ["max-age=5", "max-age=5, community=\"UCI, no\", x", "no-transform", "no-cache", "min-fresh=3"];
    for directives in asks {
        let page = Page::new([scripts::ok(ORIGIN)]);
        ask(&page, &format!("Cache-Control: {directives}"));
        let seen = page.seen().remove(0);
        let all: Vec<_> = seen.header_lines("cache-control").collect();
        assert!(all.join(", ").contains(directives), "{directives}: {all:?}");
    }
}

#[test]
fn s5_2_a_responses_directives_are_passed_on() {
    let directives = "max-age=600, Immutable, community=\"UCI, no\", no-transform, x=1";
    let page = Page::new([copy(&format!("Cache-Control: {directives}"))]);
    let first = ask(&page, "");
    settle();
    page.now([scripts::ok(ORIGIN)]);
    let second = ask(&page, "");
    for answer in [first, second] {
        answer.is(200, COPY);
        assert_eq!(answer.header("cache-control"), Some(directives));
    }
    // One that this cache must not store as well.
    let page = Page::new([copy("Cache-Control: private, no-store, x=\"1\"")]);
    assert_eq!(ask(&page, "").header("cache-control"), Some("private, no-store, x=\"1\""));
}

#[test]
fn s5_2_directives_are_compared_without_regard_to_case_and_take_both_forms_of_argument() {
    revisit(&[
        ("Cache-Control: MAX-AGE=600", COPY),
        ("Cache-Control: Max-Age=\"600\"", COPY),
        ("Cache-Control: s-maxage=\"600\"", COPY),
        ("Cache-Control: max-age=600, No-Cache", ORIGIN),
        ("Cache-Control: ,, max-age=600 ,", COPY),
    ]);
    revisit_asking(&[
        ("Cache-Control: max-age=600\nAge: 100", "", "Cache-Control: MAX-AGE=\"50\"", ORIGIN),
        ("Cache-Control: max-age=600\nAge: 100", "", "Cache-Control: max-age=\"200\"", COPY),
        ("Cache-Control: max-age=600", "", "Cache-Control: No-Cache", ORIGIN),
    ]);
}

#[test]
fn s5_2_1_1_a_request_can_ask_for_a_younger_answer() {
    let stored = "Cache-Control: max-age=600\nAge: 100";
    revisit_asking(&[
        (stored, "", "Cache-Control: max-age=50", ORIGIN),
        (stored, "", "Cache-Control: max-age=0", ORIGIN),
        (stored, "", "Cache-Control: max-age=300", COPY),
        (stored, "", "Cache-Control: max-age=9999", COPY),
        // It asks for no stale answer either.
        (
            "Cache-Control: max-age=60, stale-while-revalidate=600\nAge: 100",
            "",
            "Cache-Control: max-age=300",
            ORIGIN,
        ),
    ]);
}

#[test]
fn s5_2_1_3_a_request_can_ask_for_an_answer_that_stays_fresh() {
    let stored = "Cache-Control: max-age=600\nAge: 100";
    revisit_asking(&[
        (stored, "", "Cache-Control: min-fresh=300", COPY),
        (stored, "", "Cache-Control: min-fresh=500", ORIGIN),
        (stored, "", "Cache-Control: min-fresh=9999", ORIGIN),
    ]);
}

#[test]
fn s5_2_1_4_a_request_can_insist_on_validation() {
    let row = (FRESH, "", "Cache-Control: no-cache", ORIGIN);
    revisit_asking(&[row]);
    // What there is, rather than an error: it is a preference, and the directives of requests are advisory (§5.2.1).
    revisit_asking_in_outage(&[(row.0, row.1, row.2, COPY)]);
    let page = visited(copy("Cache-Control: max-age=600\nETag: \"v1\""));
    settle();
    page.now([scripts::not_modified(&[("ETag", "\"v1\"")])]);
    ask(&page, "Cache-Control: no-cache").is(200, COPY);
    assert_eq!(page.attempts(), 2);
}

#[test]
fn s5_2_1_5_nothing_is_stored_of_a_request_that_forbids_it() {
    let rows = [
        (FRESH, "Cache-Control: no-store", "", NOTHING),
        ("Cache-Control: public, s-maxage=600", "Cache-Control: max-age=0, No-Store", "", NOTHING),
        ("Cache-Control: max-age=600\nVary: X-A", "Cache-Control: no-store\nX-A: 1", "X-A: 1", NOTHING),
    ];
    revisit_asking_in_outage(&rows);
}

#[test]
fn s5_2_1_6_nothing_is_transformed() {
    for head in ["Cache-Control: no-transform, max-age=600", FRESH] {
        let head = format!("{head}\nContent-Encoding: gzip\nContent-Type: text/html");
        let page = Page::new([scripts::with_headers(&fields(&head), GZIPPED)]);
        let first = ask(&page, "Cache-Control: no-transform");
        settle();
        page.now([scripts::reset()]);
        let second = ask(&page, "Cache-Control: no-transform");
        for answer in [first, second] {
            assert_eq!((answer.status(), &*answer.body), (200, GZIPPED), "{answer:?}");
            assert_eq!(answer.header("content-encoding"), Some("gzip"));
            assert_eq!(answer.header("content-type"), Some("text/html"));
        }
    }
}

#[test]
fn s5_2_1_7_only_if_cached_gets_a_copy_or_504() {
    let heads = [FRESH, "Cache-Control: max-age=60\nAge: 100", "Cache-Control: max-age=600\nAge: 100", STALE];
    let pages = all_visited(&heads);
    for (page, (request, status)) in pages.iter().zip([
        ("only-if-cached", 200),
        ("only-if-cached", 504),             // stale, and nobody permitted that
        ("only-if-cached, max-age=50", 504), // not consistent with the rest of the request
        ("only-if-cached", 504),             // would have to be validated
    ]) {
        page.now([scripts::ok(ORIGIN)]);
        let answer = ask(page, &format!("Cache-Control: {request}"));
        assert_eq!((answer.status(), page.attempts()), (status, 1), "{request}");
    }
    let never = Page::new([scripts::ok(ORIGIN)]);
    assert_eq!(ask(&never, "Cache-Control: only-if-cached").status(), 504);
    assert_eq!(never.attempts(), 0);
}

#[test]
fn s5_2_2_1_max_age_makes_an_answer_stale_after_it() {
    revisit(&[
        ("Cache-Control: max-age=60", COPY),
        ("Cache-Control: max-age=60\nAge: 61", ORIGIN),
        ("Cache-Control: max-age=0", ORIGIN),
    ]);
}

#[test]
fn s5_2_2_2_must_revalidate_gives_an_error_rather_than_a_stale_answer() {
    let head = "Cache-Control: max-age=60, must-revalidate\nAge: 100\nETag: \"v1\"";
    let failures = [
        (scripts::hang(), 504),
        (scripts::reset(), 502), // an error status that says more
        (scripts::cloudflare(524), 504),
        (scripts::answer("503 Service Unavailable", &[], ""), 503),
    ];
    // Short limits, as one of the failures is silence.
    let edge = tight();
    let pages = failures.map(|(failure, status)| {
        let page = Page::new([copy(head)]);
        edge.get(&page).send().is(200, COPY);
        (page, failure, status)
    });
    settle_at(&edge);
    for (page, failure, status) in pages {
        page.now([failure]);
        let answer = edge.get(&page).send();
        assert_eq!((answer.status(), giver(&answer)), (status, NOTHING));
    }
}

#[test]
fn s5_2_2_2_must_revalidate_says_nothing_of_a_fresh_answer() {
    revisit(&[("Cache-Control: max-age=600, must-revalidate", COPY)]);
    revisit_in_outage(&[("Cache-Control: max-age=600, must-revalidate", COPY)]);
}

#[test]
fn s5_2_2_3_must_understand_lifts_no_store_for_statuses_that_are_understood() {
    let head = "Cache-Control: must-understand, no-store, max-age=600";
    revisit(&[(head, COPY)]);
    let unknown = ["218 This is fine", "299 Something", "399 Somewhere", "499 Somehow"];
    let pages = unknown.map(|status| (status, visited(scripts::answer(status, &fields(head), COPY))));
    now_answered(&pages, &scripts::reset(), NOTHING);
}

#[test]
fn s5_2_2_3_must_understand_keeps_out_statuses_that_are_not_understood() {
    let head = "Cache-Control: must-understand, public, max-age=600";
    let unknown = ["218 This is fine", "299 Something", "399 Somewhere", "499 Somehow"];
    let pages = unknown.map(|status| (status, visited(scripts::answer(status, &fields(head), COPY))));
    now_answered(&pages, &scripts::reset(), NOTHING);
}

#[test]
fn s5_2_2_4_no_cache_is_not_used_without_validation_with_or_without_field_names() {
    // §5.2.2.4 allows to treat the form with names like the one without.
    let heads = [
        "Cache-Control: no-cache, max-age=600, stale-while-revalidate=600",
        "Cache-Control: max-age=600, no-cache=\"X-Own\"\nX-Own: 1",
        "Cache-Control: max-age=600, no-cache=x-own\nX-Own: 1",
        "Cache-Control: max-age=600, no-cache=\"X-A, X-Own\"\nX-Own: 1",
    ];
    revisit(&heads.map(|head| (head, ORIGIN)));
    revisit_in_outage(&heads.map(|head| (head, NOTHING)));
}

#[test]
fn s5_2_2_5_no_store_answers_nobody_else() {
    revisit(&[("Cache-Control: no-store, max-age=600", ORIGIN)]);
    revisit_asking_in_outage(&[
        ("Cache-Control: no-store, max-age=600", "", "Cache-Control: only-if-cached", NOTHING),
        ("Cache-Control: no-store, max-age=600, stale-if-error=600", "", "", NOTHING),
    ]);
}

#[test]
fn s5_2_2_6_no_transform_is_obeyed_on_the_way_through_and_from_the_store() {
    let head = "Cache-Control: no-transform, max-age=600\nContent-Type: text/html; charset=iso-8859-1\n\
                Content-Encoding: x-own\nContent-Language: de";
    for body in [&b"plain \xe4\xf6\xfc <html>"[..], &[0xff; LARGE]] {
        let page = Page::new([scripts::with_headers(&fields(head), body)]);
        let first = ask(&page, "Accept-Encoding: gzip, br");
        settle();
        page.now([scripts::reset()]);
        for answer in [first, ask(&page, "Accept-Encoding: gzip, br")] {
            assert!(answer.body == body);
            for (name, value) in fields(head) {
                assert_eq!(answer.header(name), Some(value), "{name}");
            }
        }
    }
}

#[test]
fn s5_2_2_7_private_is_not_stored_with_or_without_field_names() {
    // §5.2.2.7 allows to store the rest where names are given; nothing is stored then.
    revisit_in_outage(&[
        ("Cache-Control: private, max-age=600", NOTHING),
        ("Cache-Control: private=\"X-Own\", max-age=600\nX-Own: 1", NOTHING),
        ("Cache-Control: private=x-own, max-age=600\nX-Own: 1", NOTHING),
        ("Cache-Control: public, max-age=600, PRIVATE=\"x-own\"\nX-Own: 1", NOTHING),
    ]);
}

#[test]
fn s5_2_2_8_proxy_revalidate_binds_a_shared_cache_once_the_answer_is_stale() {
    let stale = "Cache-Control: max-age=60, proxy-revalidate\nAge: 100\nETag: \"v1\"";
    revisit(&[("Cache-Control: max-age=600, proxy-revalidate", COPY), (stale, ORIGIN)]);
    revisit_in_outage(&[(stale, NOTHING)]);
}

#[test]
fn s5_2_2_9_public_permits_to_store_what_would_not_be() {
    // A permission; the other conditions of §3 stand.
    let first = "Authorization: Bearer alice";
    revisit_asking_in_outage(&[
        ("Cache-Control: public, max-age=600", first, "", COPY),
        ("Cache-Control: public, max-age=600", "Cookie: sid=1", "", COPY),
        ("Cache-Control: public, no-store", first, "", NOTHING),
        ("Cache-Control: public, private", "", "", NOTHING),
    ]);
}

#[test]
fn s5_2_2_10_s_maxage_overrides_and_revalidates() {
    let expires = format!("Cache-Control: s-maxage=600\nExpires: {}", date(-60));
    revisit(&[
        ("Cache-Control: s-maxage=600, max-age=1\nAge: 100", COPY),
        ("Cache-Control: max-age=600, s-maxage=60\nAge: 100\nETag: \"v1\"", ORIGIN),
        (&expires, COPY),
    ]);
    revisit_in_outage(&[("Cache-Control: max-age=600, s-maxage=60\nAge: 100\nETag: \"v1\"", NOTHING)]);
}

#[test]
fn s5_2_3_directives_that_nobody_knows_are_ignored() {
    revisit(&[
        ("Cache-Control: max-age=600, community", COPY),
        ("Cache-Control: community=\"UCI\", max-age=600", COPY),
        ("Cache-Control: community=\"no-store, private\", max-age=600", COPY), // within quotes
        ("Cache-Control: x=\"\\\", no-store\", max-age=600", COPY),
        ("Cache-Control: max-age2=600", ORIGIN),
        ("Cache-Control: private, community=\"UCI\", max-age=600", ORIGIN),
        ("Cache-Control: xno-store, no-storex, max-age=600", COPY),
    ]);
    revisit_asking(&[(FRESH, "", "Cache-Control: community=\"UCI, no-cache\"", COPY)]);
}

#[test]
fn s5_3_an_expires_that_is_no_date_is_past() {
    let later = date(600);
    let rows = [
        "0".to_owned(),
        "-1".to_owned(),
        String::new(),
        "never".to_owned(),
        "600".to_owned(),
        "2999-01-01T00:00:00Z".to_owned(),
        later.replace(':', "."),
        format!("\"{later}\""),
        "Thu, 99 Foo 2999 00:00:00 GMT".to_owned(),
    ]
    .map(|value| format!("Expires: {value}"));
    revisit(&rows.each_ref().map(|head| (head.as_str(), ORIGIN)));
}

#[test]
fn s5_3_expires_is_ignored_beside_max_age_and_s_maxage() {
    let rows = [
        (format!("Cache-Control: max-age=600\nExpires: {}", date(-60)), COPY),
        ("Cache-Control: max-age=600\nExpires: 0".to_owned(), COPY),
        (format!("Cache-Control: max-age=0\nExpires: {}", date(600)), ORIGIN),
        (format!("Cache-Control: s-maxage=600\nExpires: {}", date(-60)), COPY),
        (format!("Cache-Control: s-maxage=0\nExpires: {}", date(600)), ORIGIN),
    ];
    revisit(&rows.each_ref().map(|(head, from)| (head.as_str(), *from)));
}

#[test]
fn s5_4_pragma_counts_in_a_request_without_cache_control_alone() {
    // Deprecated, and without meaning in a response.
    revisit_asking(&[
        (FRESH, "", "Pragma: no-cache", ORIGIN),
        (FRESH, "", "Pragma: x, No-Cache", ORIGIN),
        (FRESH, "", "Pragma: no-cache\nCache-Control: max-age=300", COPY),
        (FRESH, "", "Pragma: x", COPY),
        ("Cache-Control: max-age=600\nPragma: no-cache", "", "", COPY),
    ]);
}

#[test]
fn s5_5_no_warning_is_made() {
    let page = visited(copy("Cache-Control: max-age=60\nAge: 100"));
    settle();
    page.now([scripts::reset()]);
    let answer = call(&quick(), &page, "").send();
    answer.is(200, COPY);
    assert_eq!(answer.header("warning"), None);
}
