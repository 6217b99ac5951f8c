//! Requirements of RFC 9111 that are permissions, where this cache uses them; and several ranges (RFC 9110 §15.3.7.2).

use std::sync::Arc;

use faulty_origin::{Script, Step, scripts};

use crate::client::{Answer, End};
use crate::harness::{Edge, Page, edge, overlay, quick};
use crate::revisit::{
    COPY, NOTHING, ORIGIN, age, all_visited, ask, copy, date, fields, giver, revisit, revisit_asking,
    revisit_asking_in_outage, settle, settle_at, visited,
};

const FRESH: &str = "Cache-Control: max-age=600";
/// The origin (RFC 6454) of every request that names no other.
const HOST_URL: &str = "http://www.example.test";

// §5.2.1.2: max-stale

/// Freshness left by the last member of `Cache-Status`, where it is a hit.
fn ttl(answer: &Answer) -> Option<i64> {
    let status = answer.structured("cache-status");
    let last = status.rsplit(',').next()?.to_owned();
    let mut parameters = last.split(';').skip(1);
    parameters.clone().find(|parameter| *parameter == "hit")?;
    parameters.find_map(|parameter| parameter.strip_prefix("ttl=")?.parse().ok())
}

#[test]
fn s5_2_1_2_a_client_that_accepts_it_is_given_a_stale_answer_within_its_limit() {
    let stored = "Cache-Control: max-age=60\nAge: 100";
    revisit_asking(&[
        (stored, "", "Cache-Control: max-stale=300", COPY),
        (stored, "", "Cache-Control: max-stale", COPY), // of any age
        (stored, "", "Cache-Control: Max-Stale=\"300\"", COPY),
        (stored, "", "Cache-Control: max-stale=20", ORIGIN),
        (stored, "", "Cache-Control: max-stale=0", ORIGIN),
        (stored, "", "Cache-Control: max-stale=soon", ORIGIN), // what cannot be read permits nothing
        ("Cache-Control: max-age=60\nAge: 9000", "", "Cache-Control: max-stale", COPY),
        (
            "Cache-Control: max-age=60, stale-if-error=0\nAge: 100\nETag: \"v1\"",
            "",
            "Cache-Control: max-stale",
            COPY,
        ),
        ("Expires: 0", "", "Cache-Control: max-stale=300", COPY),
        (FRESH, "", "Cache-Control: max-stale=0", COPY),
    ]);
}

#[test]
fn s5_2_1_2_the_rest_of_the_request_holds_beside_max_stale() {
    let stored = "Cache-Control: max-age=60\nAge: 100";
    revisit_asking(&[
        (stored, "", "Cache-Control: max-stale=300, max-age=200", COPY), // §5.2.1.1: unless max-stale is present
        (stored, "", "Cache-Control: max-stale=300, max-age=50", ORIGIN),
        (stored, "", "Cache-Control: max-stale=300, no-cache", ORIGIN),
        (stored, "", "Cache-Control: max-stale=300, only-if-cached", COPY),
        (stored, "", "Cache-Control: max-stale=20, only-if-cached", NOTHING),
        (stored, "Cache-Control: max-stale=300", "", ORIGIN), // that of another request
    ]);
}

#[test]
fn s5_2_1_2_no_client_can_permit_what_the_answer_forbids() {
    // §4.2.4
    let rows = [
        "no-cache",
        "no-cache, max-age=60",
        "max-age=60, must-revalidate",
        "max-age=60, proxy-revalidate",
        "s-maxage=60",
        "s-maxage=60, max-age=600",
    ]
    .map(|directives| format!("Cache-Control: {directives}\nAge: 100\nETag: \"v1\""));
    let request = "Cache-Control: max-stale";
    revisit_asking(&rows.each_ref().map(|stored| (stored.as_str(), "", request, ORIGIN)));
    revisit_asking_in_outage(&rows.each_ref().map(|stored| (stored.as_str(), "", request, NOTHING)));
}

#[test]
fn s5_2_1_2_a_stale_answer_says_how_old_it_is() {
    let page = visited(copy("Cache-Control: max-age=60\nAge: 100"));
    settle();
    page.now([scripts::ok(ORIGIN)]);
    let answer = ask(&page, "Cache-Control: max-stale=300");
    answer.is(200, COPY);
    assert!((100..160).contains(&age(&answer)), "{answer:?}");
    assert!(ttl(&answer).is_some_and(|left| (-100..=-40).contains(&left)), "{answer:?}");
    assert_eq!(page.attempts(), 1);
}

// §4.2.2: heuristic freshness

fn with_heuristic() -> Arc<Edge> {
    edge(&overlay(&[("cache.heuristic", "0.1"), ("cache.heuristic_max", "1d")]))
}

/// Checks each (status, head of the stored answer, who answers the second visitor) at `edge`.
#[track_caller]
fn revisit_at(edge: &Edge, rows: &[(&str, &str, &str)]) {
    let visit = |(status, head, _): &(&str, &str, &str)| {
        let page = Page::new([scripts::answer(status, &fields(head), COPY)]);
        edge.get(&page).send();
        page
    };
    let pages: Vec<_> = rows.iter().map(visit).collect();
    settle_at(edge);
    for (page, (status, head, from)) in pages.iter().zip(rows) {
        page.now([scripts::ok(ORIGIN)]);
        assert_eq!(edge.get(page).send().text(), *from, "{status}\n{head}");
    }
}

#[test]
fn s4_2_2_a_tenth_of_the_time_since_the_last_change_is_the_lifetime() {
    let changed = |seconds: i64| format!("Date: {}\nLast-Modified: {}", date(0), date(seconds));
    let undated = format!("Last-Modified: {}", date(-10_000));
    let rows = [
        (format!("{}\nAge: 500", changed(-10_000)), COPY),
        (format!("{}\nAge: 1100", changed(-10_000)), ORIGIN),
        (format!("{}\nAge: 80000", changed(-100_000_000)), COPY),
        (format!("{}\nAge: 87000", changed(-100_000_000)), ORIGIN), // the longest is a day
        (format!("{undated}\nAge: 500"), COPY),                     // Date is then the time of receipt
        (format!("{undated}\nAge: 1100"), ORIGIN),
        (format!("{}\nCache-Control: public\nAge: 500", changed(-10_000)), COPY),
        (changed(0), ORIGIN),
        (changed(10_000), ORIGIN), // changed after it was sent
        (format!("Date: {}", date(0)), ORIGIN),
        ("Last-Modified: some time ago".to_owned(), ORIGIN),
    ];
    let rows: Vec<_> = rows.iter().map(|(head, from)| ("200 OK", head.as_str(), *from)).collect();
    revisit_at(&with_heuristic(), &rows);
}

#[test]
fn s4_2_2_no_heuristic_where_an_explicit_time_is_stated() {
    let old = format!("Date: {}\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT", date(0));
    let rows = [
        format!("{old}\nCache-Control: max-age=0"),
        format!("{old}\nCache-Control: max-age=soon"),
        format!("{old}\nCache-Control: s-maxage=0"),
        format!("{old}\nExpires: {}", date(-10)),
        format!("{old}\nExpires: 0"),
        format!("{old}\nAge: 100\nCache-Control: max-age=60"),
        format!("{old}\nCache-Control: no-cache"),
    ];
    let rows: Vec<_> = rows.iter().map(|head| ("200 OK", head.as_str(), ORIGIN)).collect();
    revisit_at(&with_heuristic(), &rows);
}

#[test]
fn s4_2_2_no_heuristic_for_a_status_that_is_not_heuristically_cacheable() {
    let old = format!("Date: {}\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT", date(0));
    let statuses = ["302 Found", "307 Temporary Redirect", "400 Bad Request", "403 Forbidden"];
    revisit_at(&with_heuristic(), &statuses.map(|status| (status, old.as_str(), ORIGIN)));
}

#[test]
fn s4_2_2_there_is_no_heuristic_unless_it_is_configured() {
    let old = format!("Date: {}\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT", date(0));
    revisit(&[(&old, ORIGIN)]);
}

// §4.4: Location and Content-Location

#[test]
fn s4_4_location_and_content_location_of_the_same_origin_are_invalidated() {
    let mut pages = Vec::new();
    for name in ["Location", "Content-Location"] {
        for prefix in ["", HOST_URL] {
            pages.push((name, prefix, visited(copy(FRESH))));
        }
    }
    settle();
    for (name, prefix, page) in &pages {
        let location = format!("{prefix}{}", page.path);
        let target = Page::new([scripts::answer("201 Created", &[(*name, location.as_str())], "done")]);
        assert_eq!(quick().call("POST", &target.path).send().status(), 201);
    }
    settle();
    for (name, prefix, page) in &pages {
        page.now([scripts::ok(ORIGIN)]);
        assert_eq!(ask(page, "").text(), ORIGIN, "{name} {prefix}");
    }
}

#[test]
fn s4_4_only_an_unsafe_request_that_is_not_refused_invalidates_them() {
    let rows = [
        ("POST", "400 Bad Request"),
        ("POST", "500 Internal Server Error"),
        ("GET", "301 Moved Permanently"),
    ];
    let pages = rows.map(|_| [visited(copy(FRESH)), visited(copy(FRESH))]);
    settle();
    for ((method, status), [one, two]) in rows.iter().zip(&pages) {
        let headers = [("Location", one.path.as_str()), ("Content-Location", two.path.as_str())];
        let target = Page::new([scripts::answer(status, &headers, "{}")]);
        quick().call(method, &target.path).send();
    }
    settle();
    for (row, pages) in rows.iter().zip(&pages) {
        for page in pages {
            page.now([scripts::ok(ORIGIN)]);
            assert_eq!(ask(page, "").text(), COPY, "{row:?}");
        }
    }
}

#[test]
fn s4_4_they_invalidate_nothing_under_another_scheme_host_or_port() {
    let elsewhere = ["https://www.example.test", "http://other.example.test", "http://www.example.test:8080"];
    for name in ["Location", "Content-Location"] {
        let pages = elsewhere.map(|origin| {
            let page = Page::new([copy(FRESH)]);
            for host in ["www.example.test", "other.example.test", "www.example.test:8080"] {
                quick().get(&page).host(host).send().is(200, COPY);
            }
            (origin, page)
        });
        settle();
        for (origin, page) in &pages {
            let location = format!("{origin}{}", page.path);
            let target = Page::new([scripts::answer("201 Created", &[(name, location.as_str())], "done")]);
            assert_eq!(quick().call("POST", &target.path).send().status(), 201);
        }
        settle();
        for (origin, page) in &pages {
            page.now([scripts::ok(ORIGIN)]);
            for host in ["www.example.test", "other.example.test", "www.example.test:8080"] {
                assert_eq!(quick().get(page).host(host).send().text(), COPY, "{name}: {origin} {host}");
            }
        }
    }
}

// §4.3.5: freshening with HEAD

const VERSION: &str =
    "Cache-Control: max-age=600\nETag: \"v1\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nX-Own: old";

/// The answer to HEAD with these fields, and no `Content-Length` of its own.
fn head_alone(head: &str) -> Script {
    let lines: String = fields(head).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    vec![Step::Send(format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes()), Step::Close]
}

/// Has the origin asked by HEAD about `page`, whose answer is `script`.
fn ask_by_head(page: &Page, script: Script) {
    page.now([script]);
    let answer = quick().call("HEAD", &page.path).with("Cache-Control", "no-cache").send();
    assert_eq!(page.seen().last().map(|seen| seen.method.clone()).as_deref(), Some("HEAD"), "{answer:?}");
}

#[test]
fn s4_3_5_a_head_answer_about_the_same_version_updates_the_copy() {
    let pages = all_visited(&[VERSION; 4]);
    for (page, head) in pages.iter().zip([
        "ETag: \"v1\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nContent-Length: 4",
        "ETag: \"v1\"\nContent-Length: 4",
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
        "Content-Length: 4",
    ]) {
        ask_by_head(page, head_alone(&format!("{head}\nCache-Control: max-age=900\nX-Own: new\nX-Added: 1")));
    }
    settle();
    for page in &pages {
        page.now([scripts::reset()]);
        let answer = ask(page, "");
        answer.is(200, COPY);
        assert_eq!(
            (answer.header("x-own"), answer.header("x-added")),
            (Some("new"), Some("1")),
            "{answer:?}"
        );
        assert_eq!(answer.header("cache-control"), Some("max-age=900"));
        assert_eq!((answer.header("etag"), answer.header("content-length")), (Some("\"v1\""), Some("4")));
    }
}

#[test]
fn s4_3_5_a_head_answer_makes_the_copy_younger() {
    let page = visited(copy("Cache-Control: max-age=60\nETag: \"v1\"\nAge: 100"));
    settle();
    page.now([head_alone("Cache-Control: max-age=60\nETag: \"v1\"\nContent-Length: 4")]);
    assert_eq!(quick().call("HEAD", &page.path).send().status(), 200);
    settle();
    page.now([scripts::ok(ORIGIN)]);
    let answer = ask(&page, "");
    answer.is(200, COPY);
    assert!(age(&answer) < 60, "{answer:?}");
}

#[test]
fn s4_3_5_a_head_answer_about_another_version_makes_the_copy_stale() {
    let others = [
        "ETag: \"v2\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nContent-Length: 4",
        "ETag: \"v1\"\nLast-Modified: Mon, 07 Nov 1994 08:49:37 GMT\nContent-Length: 4",
        "ETag: \"v1\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nContent-Length: 5",
        "Content-Length: 5",
    ];
    let pages = all_visited(&[VERSION; 4]);
    for (page, head) in pages.iter().zip(others) {
        ask_by_head(page, head_alone(&format!("{head}\nCache-Control: max-age=900\nX-Own: new")));
    }
    settle();
    for (page, head) in pages.iter().zip(others) {
        page.now([scripts::ok(ORIGIN)]);
        let answer = ask(page, "");
        assert_eq!(giver(&answer), ORIGIN, "{head}");
    }
}

#[test]
fn s4_3_5_a_head_answer_of_another_status_changes_nothing() {
    let statuses = ["404 Not Found", "403 Forbidden", "500 Internal Server Error"];
    let pages = all_visited(&[VERSION; 3]);
    for (page, status) in pages.iter().zip(statuses) {
        ask_by_head(page, scripts::head_only(status, &[("ETag", "\"v2\""), ("X-Own", "new")], 9));
    }
    settle();
    for (page, status) in pages.iter().zip(statuses) {
        page.now([scripts::ok(ORIGIN)]);
        let answer = ask(page, "");
        answer.is(200, COPY);
        assert_eq!(answer.header("x-own"), Some("old"), "{status}");
    }
}

#[test]
fn s4_3_5_only_the_variant_that_the_head_request_selects_is_updated() {
    let head = "Cache-Control: max-age=600\nVary: X-A\nETag: \"v1\"\nX-Own: old";
    let page = Page::new([copy(head)]);
    for value in ["1", "2"] {
        ask(&page, &format!("X-A: {value}"));
        settle();
    }
    page.now([head_alone("Cache-Control: max-age=600\nVary: X-A\nETag: \"v1\"\nX-Own: new")]);
    quick().call("HEAD", &page.path).with("Cache-Control", "no-cache").with("X-A", "1").send();
    settle();
    page.now([scripts::ok(ORIGIN)]);
    for (value, own) in [("1", "new"), ("2", "old")] {
        let answer = ask(&page, &format!("X-A: {value}"));
        answer.is(200, COPY);
        assert_eq!(answer.header("x-own"), Some(own), "X-A: {value}");
    }
}

// RFC 9110 §14.2, §14.6, §15.3.7.2: several ranges

/// The parts of a multipart/byteranges answer: `Content-Range`, `Content-Type` and bytes of each.
#[track_caller]
fn parts(answer: &Answer) -> Vec<(String, Option<String>, Vec<u8>)> {
    assert_eq!((answer.status(), &answer.end), (206, &End::Whole), "{answer:?}");
    assert_eq!(answer.header("content-range"), None, "not on the whole, only on parts");
    let kind = answer.header("content-type").unwrap_or_default();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .or(kind.strip_prefix("multipart/byteranges;boundary="));
    let boundary = boundary.unwrap_or_else(|| panic!("{kind}")).trim_matches('"').to_owned();
    let text: String = answer.body.iter().copied().map(char::from).collect();
    let (body, _) = text.split_once(&format!("--{boundary}--")).expect("the last boundary");
    let boundary = format!("--{boundary}\r\n");
    body.split(&boundary)
        .skip(1)
        .map(|piece| {
            let (head, bytes) = piece.split_once("\r\n\r\n").expect("the end of a part's head");
            let bytes = bytes.strip_suffix("\r\n").expect("a line break before the boundary");
            let field = |name: &str| {
                let mut all = fields(head).into_iter();
                all.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
            };
            let range = field("content-range").expect("Content-Range in each part");
            (range, field("content-type"), bytes.chars().map(|c| c as u8).collect())
        })
        .collect()
}

#[test]
fn rfc9110_s14_2_several_ranges_of_a_copy_come_in_several_parts() {
    for length in [1000_usize, 1 << 20] {
        let whole: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
        let head = "Cache-Control: max-age=600\nContent-Type: text/x-own\nETag: \"v1\"";
        let page = Page::new([scripts::with_headers(&fields(head), &whole)]);
        ask(&page, "");
        crate::harness::eventually("the copy is stored", || {
            ask(&page, "").header("cache-status").is_some_and(|status| status.contains("hit"))
        });
        let attempts = page.attempts();
        let answer = ask(&page, "Range: bytes=0-1, 400-449,-3");
        let expected = [(0, 1), (400, 449), (length - 3, length - 1)];
        let parts = parts(&answer);
        assert_eq!(parts.len(), expected.len());
        for ((range, kind, bytes), (first, last)) in parts.iter().zip(expected) {
            assert_eq!(*range, format!("bytes {first}-{last}/{length}"));
            assert_eq!(kind.as_deref(), Some("text/x-own"));
            assert!(*bytes == whole[first..=last], "{range}");
        }
        assert_eq!((answer.header("etag"), page.attempts()), (Some("\"v1\""), attempts));
        assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    }
}

#[test]
fn rfc9110_s14_2_of_several_ranges_those_within_the_copy_count() {
    let page = visited(scripts::with_headers(&fields(FRESH), "0123456789"));
    settle();
    let answer = ask(&page, "Range: bytes=0-1,50-60");
    assert_eq!(answer.status(), 206);
    // One that is left may come alone or as the only part.
    assert!(answer.text().contains("01") && !answer.text().contains("2345"), "{answer:?}");
    let none = ask(&page, "Range: bytes=40-41,50-60");
    assert_eq!((none.status(), none.header("content-range")), (416, Some("bytes */10")));
    for invalid in ["bytes=0-1,x", "bytes=5-2,0-1", "bytes=,", "bytes=0-1 4-5"] {
        ask(&page, &format!("Range: {invalid}")).is(200, "0123456789");
    }
    assert_eq!(page.attempts(), 1);
}

#[test]
fn rfc9110_s14_2_a_request_for_very_many_or_overlapping_ranges_does_not_multiply_the_body() {
    // RFC 9110 §14.2, §17.15: they may be refused, put together, or answered by the whole.
    let body = "0123456789".repeat(100);
    let page = visited(scripts::with_headers(&fields(FRESH), &body));
    settle();
    for ranges in
        [vec!["0-"; 200].join(","), (0..900).map(|at| format!("{at}-{at}")).collect::<Vec<_>>().join(",")]
    {
        let answer = ask(&page, &format!("Range: bytes={ranges}"));
        assert!(matches!(answer.status(), 200 | 206 | 416), "{answer:?}");
        assert!(answer.body.len() < 100 * body.len(), "{} bytes", answer.body.len());
    }
}

#[test]
fn rfc9110_s14_2_head_and_if_range_decide_about_several_ranges_as_about_one() {
    let page =
        visited(scripts::with_headers(&fields("Cache-Control: max-age=600\nETag: \"v1\""), "0123456789"));
    settle();
    let head = quick().call("HEAD", &page.path).with("Range", "bytes=0-1,4-5").send();
    assert_eq!((head.status(), head.header("content-length")), (200, Some("10")));
    ask(&page, "Range: bytes=0-1,4-5\nIf-Range: \"v0\"").is(200, "0123456789");
    assert_eq!(parts(&ask(&page, "Range: bytes=0-1,4-5\nIf-Range: \"v1\"")).len(), 2);
    let same = ask(&page, "Range: bytes=0-1,4-5\nIf-None-Match: \"v1\"");
    assert_eq!(same.status(), 304);
}
