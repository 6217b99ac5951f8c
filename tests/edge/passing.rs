//! What an origin that works answers reaches the visitor as it is, and what is not for the other side stays.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use faulty_origin::{Origin, scripts};

use crate::client::{End, HOST};
use crate::harness::{Edge, Page, any_port, edge_before, eventually, nobody, overlay, quick, settle, site};

#[test]
fn a_redirect_is_passed_on_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let target = Page::new([scripts::ok("followed")]);
        let page = Page::new([scripts::redirect(&format!("{status} Elsewhere"), &target.path)]);
        let answer = quick().get(&page).send();
        assert_eq!((answer.status(), answer.header("location")), (status, Some(target.path.as_str())));
        assert_eq!((page.attempts(), target.attempts()), (1, 0));
    }
}

#[test]
fn a_location_at_the_origins_own_host_is_rewritten_to_the_public_one() {
    let origin = site().url();
    let authority = site().addr().to_string();
    for (sent, got) in [
        (format!("{origin}/new?a=b#c"), format!("http://{HOST}/new?a=b#c")),
        (format!("//{authority}/new"), format!("http://{HOST}/new")),
        ("https://elsewhere.example/x".to_owned(), "https://elsewhere.example/x".to_owned()),
        ("../up?x".to_owned(), "../up?x".to_owned()),
    ] {
        let page = Page::new([scripts::redirect("302 Found", &sent)]);
        assert_eq!(quick().get(&page).send().header("location"), Some(got.as_str()));
    }
    let page = Page::new([scripts::answer("201 Created", &[("Location", &format!("{origin}/1"))], "")]);
    let answer = quick().call("POST", &page.path).body("new").send();
    assert_eq!(answer.header("location"), Some(format!("http://{HOST}/1").as_str()));
}

#[test]
fn what_points_at_any_origin_points_at_the_public_host() {
    let (first, second) = (site().url(), nobody());
    let edge = edge_before(&[first.clone(), second.clone()], &overlay(&[]));
    let (named, bare) = (first.replace("http", "HTTP"), second.trim_start_matches("http:").to_owned());
    let public = format!("http://{HOST}");
    for (name, sent, got) in [
        ("Location", format!("{named}/a?b=c%20d#e"), format!("{public}/a?b=c%20d#e")),
        ("Location", format!("{second}/a"), format!("{public}/a")),
        ("Location", format!("{bare}/a"), format!("{public}/a")),
        ("Location", second.replace("http", "https"), format!("{public}/")),
        ("Content-Location", format!("{second}/a"), format!("{public}/a")),
        ("Refresh", format!("0; url={second}/a"), format!("0; url={public}/a")),
        ("Refresh", format!("5,URL='{first}/a'"), format!("5,URL='{public}/a'")),
        (
            "Link",
            format!("<{first}/a,b>; rel=\"next\", </x>; title=\"<{first}/y>, z\", <{second}/c>; rel=prev"),
            format!("<{public}/a,b>; rel=\"next\", </x>; title=\"<{first}/y>, z\", <{public}/c>; rel=prev"),
        ),
        ("Link", format!("</x?{first}>"), format!("</x?{first}>")),
        ("Refresh", "30".to_owned(), "30".to_owned()),
    ] {
        let fields = [(name, sent.as_str()), ("Cache-Control", "max-age=60"), ("ETag", "\"1\"")];
        let status = if name == "Location" { "301 Moved Permanently" } else { "200 OK" };
        let page = Page::new([scripts::answer(status, &fields, "page")]);
        for from in ["the origin", "the store"] {
            assert_eq!(edge.get(&page).send().header(name), Some(got.as_str()), "{sent} from {from}");
            settle();
        }
        assert_eq!(page.attempts(), 1, "{sent}");
    }
}

#[test]
fn what_a_304_says_points_at_the_public_host_too() {
    let page = Page::by(|seen| {
        let at = format!("{}/named", site().url());
        let fields = [("ETag", "\"1\""), ("Cache-Control", "max-age=1"), ("Content-Location", at.as_str())];
        match seen.header("if-none-match") {
            Some(_) => scripts::not_modified(&fields),
            None => scripts::with_headers(&fields, "page"),
        }
    });
    let public = format!("http://{HOST}/named");
    for _ in 0..2 {
        let answer = quick().get(&page).send();
        answer.is(200, "page");
        assert_eq!(answer.header("content-location"), Some(public.as_str()));
        thread::sleep(Duration::from_millis(2200));
    }
    let answer = quick().get(&page).with("If-None-Match", "\"1\"").send();
    assert_eq!((answer.status(), answer.header("content-location")), (304, Some(public.as_str())));
    assert_eq!(page.seen().iter().filter(|seen| seen.header("if-none-match").is_some()).count(), 2);
}

#[test]
fn a_body_reaches_the_origin_whatever_the_method() {
    let page = Page::new([scripts::reset(), scripts::ok("found")]);
    let query = r#"{"query":{"match_all":{}}}"#;
    for method in ["GET", "OPTIONS", "TRACE", "DELETE"] {
        page.now([scripts::reset(), scripts::ok("found")]);
        let before = page.attempts();
        let call = quick().call(method, &page.path).with("Content-Type", "application/json").body(query);
        call.send().is(200, "found");
        let seen = page.seen().split_off(before);
        assert_eq!(seen.len(), 2, "{method}");
        for seen in seen {
            assert_eq!((seen.method.as_str(), seen.body.as_slice()), (method, query.as_bytes()));
            assert_eq!(seen.header("content-type"), Some("application/json"), "{method}");
            assert_eq!(seen.header("content-length"), Some(query.len().to_string().as_str()), "{method}");
            assert_eq!(seen.header("x-forwarded-host"), Some(HOST), "{method}");
        }
    }
    let body = vec![b'x'; 300_000];
    page.now([scripts::ok("found")]);
    for method in ["GET", "HEAD"] {
        let before = page.attempts();
        assert_eq!(quick().call(method, &page.path).body(&body).send().status(), 200);
        assert!(page.seen()[before].body == body, "{method}");
    }
}

#[test]
fn an_answer_to_a_body_is_nobody_elses() {
    let page = Page::by(|seen| scripts::with_headers(&[("Cache-Control", "max-age=60")], seen.body.clone()));
    for body in ["one", "two"] {
        let answer = quick().get(&page).body(body).send();
        answer.is(200, body);
        assert_eq!(answer.structured("cache-status"), "Holdfast;fwd=bypass");
        settle();
    }
    quick().get(&page).send().is(200, "");
    settle();
    quick().get(&page).body("three").send().is(200, "three");
    assert_eq!(page.attempts(), 4);
    // No length is no body.
    let empty = Page::new([scripts::with_headers(&[("Cache-Control", "max-age=60")], "page")]);
    for _ in 0..2 {
        quick().get(&empty).body("").send().is(200, "page");
        settle();
    }
    assert_eq!(empty.attempts(), 1);
}

#[test]
fn a_body_that_cannot_be_sent_on_with_get_is_refused_and_not_dropped() {
    let page = Page::new([scripts::ok("found")]);
    for method in ["GET", "HEAD"] {
        let mut open = quick().call(method, &page.path).with("Transfer-Encoding", "chunked").open();
        open.write(b"5\r\nhello\r\n0\r\n\r\n");
        let answer = open.answer();
        assert_eq!((answer.status(), answer.error().as_str()), (411, "http_request_error"), "{method}");
        assert_eq!(method == "GET", answer.text().contains("Content-Length"), "{method}");
        assert_eq!(
            quick().call(method, &page.path).body(vec![b'x'; 1 << 21]).send().status(),
            413,
            "{method}"
        );
    }
    assert_eq!(page.attempts(), 0);
    assert_eq!(quick().log_of(&page.path)["outcome"], "client_error");
    // One without a byte is none.
    let empty = Page::new([scripts::ok("found")]);
    let mut open = quick().get(&empty).with("Transfer-Encoding", "chunked").open();
    open.write(b"0\r\n\r\n");
    open.answer().is(200, "found");
    assert!(empty.seen()[0].body.is_empty());
    // One that does not come is the client's fault.
    let mut open = quick().get(&page).with("Content-Length", "10").open();
    open.write(b"half");
    assert_eq!(open.answer().status(), 408);
    let mut open = quick().get(&page).with("Content-Length", "10").open();
    open.write(b"half");
    open.close_side();
    assert_eq!(open.answer().status(), 400);
    assert_eq!(page.attempts(), 0);
}

#[test]
fn bytes_behind_the_end_of_an_answer_answer_nobody_else() {
    let stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
    let origin = Origin::start(any_port(), move |seen| match seen.path() {
        "/one" => scripts::more_than_whole("one", stray),
        _ => scripts::ok("two"),
    })
    .unwrap();
    let edge = Edge::start(&[origin.url()], &overlay(&[]));
    edge.call("GET", "/one").send().is(200, "one");
    edge.call("GET", "/two").send().is(200, "two");
}

#[test]
fn method_target_and_fields_reach_the_origin() {
    let page = Page::new([scripts::ok("hello")]);
    let target = format!("{}?q=a%20b&q=%C3%A9&empty=", page.path);
    for method in ["GET", "OPTIONS", "POST", "PATCH", "DELETE", "PROPFIND"] {
        let before = page.attempts();
        let call = quick().call(method, &target).with("X-Custom", "one").with("Accept-Language", "de;q=0.5");
        let answer = call.send();
        assert_eq!((answer.status(), &answer.end), (200, &End::Whole), "{method}");
        let seen = page.seen().remove(before);
        assert_eq!((seen.method.as_str(), seen.target.as_str()), (method, target.as_str()));
        assert_eq!(seen.header("x-custom"), Some("one"), "{method}");
        assert_eq!(seen.header("accept-language"), Some("de;q=0.5"), "{method}");
    }
}

#[test]
fn several_lines_of_a_field_are_one_line_at_the_origin_too() {
    let page = Page::new([scripts::ok("hello")]);
    for method in ["GET", "POST"] {
        let mut call = quick().call(method, &page.path);
        for name in ["X-Custom", "User-Agent", "Accept", "Sec-CH-Extra", "Referer"] {
            call = call.with(name, "one").with(name, "two");
        }
        call.send();
        let seen = page.seen().pop().unwrap();
        for name in ["x-custom", "user-agent", "accept", "sec-ch-extra", "referer"] {
            let lines = seen.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
            let values: Vec<_> = lines.map(|(_, value)| value.as_str()).collect();
            assert_eq!(values, ["one, two"], "{method} {name}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_are_at_the_origin_what_the_store_takes_them_for() {
    let page = Page::new([scripts::ok("hello")]);
    let edge = quick();
    let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).unwrap();
    for byte in [0xfe_u8, 0xff] {
        let head = format!("GET {} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: a", page.path);
        stream.write_all(&[head.as_bytes(), &[byte], b"\r\n\r\n"].concat()).unwrap();
        eventually("an attempt", || page.attempts() == usize::from(byte - 0xfd));
    }
    for seen in page.seen() {
        assert_eq!(seen.header("user-agent"), Some("a\u{ef}\u{bf}\u{bd}"));
    }
}

#[test]
fn a_path_reaches_the_origin_as_it_was_written() {
    for tail in ["/a%2Fb", "/%E2%82%AC", "/a//b", "/a+b", "/a;b=c", "/~x"] {
        let target = format!("/as-written{tail}");
        quick().call("GET", &target).send();
        assert!(site().seen().iter().any(|seen| seen.target == target), "{target}");
    }
}

#[test]
fn options_is_passed_through() {
    let allow = [("Allow", "GET, OPTIONS"), ("Access-Control-Allow-Origin", "*")];
    let page = Page::new([scripts::answer("204 No Content", &allow, "")]);
    let answer = quick().call("OPTIONS", &page.path).with("Origin", "https://a.example").send();
    assert_eq!((answer.status(), answer.header("allow")), (204, Some("GET, OPTIONS")));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[test]
fn a_range_is_passed_through() {
    let part = [("Content-Range", "bytes 2-4/10"), ("Accept-Ranges", "bytes"), ("ETag", "\"v1\"")];
    let page = Page::new([scripts::answer("206 Partial Content", &part, "234")]);
    let answer = quick().get(&page).with("Range", "bytes=2-4").send();
    answer.is(206, "234");
    assert_eq!(answer.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(answer.header("content-length"), Some("3"));
    assert_eq!(page.seen()[0].header("range"), Some("bytes=2-4"));
    let page =
        Page::new([scripts::answer("416 Range Not Satisfiable", &[("Content-Range", "bytes */10")], "")]);
    assert_eq!(quick().get(&page).with("Range", "bytes=99-").send().status(), 416);
}

#[test]
fn a_conditional_request_is_passed_through() {
    let page = Page::by(|seen| match seen.header("if-none-match") {
        Some(tags) if tags.contains("\"v1\"") => scripts::not_modified(&[("ETag", "\"v1\"")]),
        _ => scripts::with_headers(&[("ETag", "\"v1\""), ("Cache-Control", "no-store")], "hello"),
    });
    let answer = quick().get(&page).with("If-None-Match", "\"v1\"").send();
    answer.is(304, "");
    assert_eq!(answer.header("etag"), Some("\"v1\""));
    quick().get(&page).with("If-None-Match", "\"v0\"").send().is(200, "hello");
    let page = Page::new([scripts::answer("412 Precondition Failed", &[], "no")]);
    let answer = quick().call("PUT", &page.path).with("If-Match", "\"v1\"").body("x").send();
    answer.is(412, "no");
    assert_eq!(page.seen()[0].header("if-match"), Some("\"v1\""));
}

#[test]
fn fields_of_the_answer_arrive_line_by_line() {
    let fields = [
        ("Set-Cookie", "a=1; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT"),
        ("Set-Cookie", "b=2"),
        ("Link", "</a.css>; rel=preload"),
        ("X-Custom", "one, two"),
        ("Content-Type", "text/html; charset=iso-8859-1"),
        ("Server", "Unusual/1.0"),
        ("Content-Security-Policy", "default-src 'self'"),
    ];
    let page = Page::new([scripts::with_headers(&fields, "hello")]);
    let answer = quick().get(&page).send();
    answer.is(200, "hello");
    assert_eq!(answer.head.lines("set-cookie"), [fields[0].1, fields[1].1]);
    for (name, value) in &fields[2..] {
        assert_eq!(answer.header(name), Some(*value), "{name}");
    }
}

#[test]
fn bytes_beyond_ascii_in_fields_arrive_as_they_were_sent() {
    for control in ["no-store", "max-age=600"] {
        let page =
            Page::new([scripts::with_headers(&[("X-Note", "café ☕"), ("Cache-Control", control)], "hello")]);
        // Twice, so that one answer comes from the store.
        for _ in 0..2 {
            let answer = quick().get(&page).with("X-Note", "naïve").send();
            let bytes: Vec<u8> = answer.header("x-note").unwrap().chars().map(|byte| byte as u8).collect();
            assert_eq!(String::from_utf8_lossy(&bytes), "café ☕", "{control}");
            settle();
        }
        let seen = page.seen().remove(0);
        let bytes: Vec<u8> = seen.header("x-note").unwrap().chars().map(|byte| byte as u8).collect();
        assert_eq!(String::from_utf8_lossy(&bytes), "naïve");
    }
}

#[test]
fn a_request_without_a_body_has_none_at_the_origin_either() {
    let page = Page::new([scripts::ok("hello")]);
    quick().call("POST", &page.path).send().is(200, "hello");
    quick().call("POST", &page.path).body("").send().is(200, "hello");
    quick().call("DELETE", &page.path).send().is(200, "hello");
    quick().get(&page).body("a GET with a body").send().is(200, "hello");
    for seen in page.seen() {
        assert!(seen.whole && (seen.body.is_empty() || seen.method == "GET"), "{seen:?}");
    }
}

#[test]
fn many_visitors_at_once_get_each_their_own() {
    let pages: Vec<_> =
        (0..40).map(|number| Page::new([scripts::reset(), scripts::ok(number.to_string())])).collect();
    thread::scope(|scope| {
        for (number, page) in pages.iter().enumerate() {
            scope.spawn(move || quick().get(page).send().is(200, &number.to_string()).took);
        }
    });
    assert!(pages.iter().all(|page| page.attempts() == 2));
}

#[test]
fn plain_sailing_leaves_no_trace_of_trouble() {
    let page = Page::new([scripts::with_headers(&[("Cache-Control", "no-store")], "hello")]);
    let answer = quick().get(&page).send();
    assert_eq!(answer.header("proxy-status"), None);
    assert_eq!(answer.header("holdfast-attempt"), None);
    assert_eq!(answer.header("retry-after"), None);
}

#[test]
fn what_concerns_one_connection_stays_there() {
    // RFC 9110 §7.6.1
    let fields =
        [("Connection", "X-Once"), ("X-Once", "1"), ("Keep-Alive", "timeout=5"), ("Proxy-Connection", "x")];
    let page = Page::new([scripts::with_headers(&fields, "hello")]);
    let mut call = quick().get(&page);
    for (name, value) in [
        ("Connection", "X-Secret, keep-alive"),
        ("X-Secret", "1"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authorization", "Basic eDp5"),
        ("TE", "trailers"),
        ("Upgrade", "h2c"),
    ] {
        call = call.with(name, value);
    }
    let answer = call.send();
    answer.is(200, "hello");
    for name in ["x-once", "keep-alive", "proxy-connection"] {
        assert_eq!(answer.header(name), None, "{name} reached the visitor");
    }
    let seen = page.seen().remove(0);
    for name in ["x-secret", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade"] {
        assert_eq!(seen.header(name), None, "{name} reached the origin");
    }
}

#[test]
fn what_says_where_a_request_came_from_is_set_and_not_trusted() {
    let page = Page::new([scripts::ok("hello")]);
    let mut call = quick().get(&page).with("CF-Connecting-IP", "192.0.2.7");
    for (name, value) in [
        ("X-Forwarded-For", "203.0.113.66"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Port", "666"),
        ("X-Real-IP", "203.0.113.66"),
        ("Forwarded", "for=203.0.113.66;host=evil.example"),
    ] {
        call = call.with(name, value);
    }
    call.send().is(200, "hello");
    let seen = page.seen().remove(0);
    assert_eq!(seen.header_lines("x-forwarded-host").collect::<Vec<_>>(), [HOST]);
    assert_eq!(seen.header_lines("x-forwarded-proto").collect::<Vec<_>>(), ["http"]);
    assert_eq!(seen.header_lines("x-forwarded-for").collect::<Vec<_>>(), ["192.0.2.7"]);
    assert_eq!(seen.header("host"), Some(site().addr().to_string().as_str()));
    let all = format!("{:?}", seen.headers);
    assert!(!all.contains("203.0.113.66") && !all.contains("evil") && !all.contains("gopher"), "{all}");
}

#[test]
fn the_origin_learns_who_forwards_the_visitors_request() {
    let page = Page::new([scripts::ok("hello")]);
    quick().get(&page).with("Via", "1.1 first").with("CDN-Loop", "other; x=1").send().is(200, "hello");
    let seen = page.seen().remove(0);
    let all = |name| seen.header_lines(name).collect::<Vec<_>>().join(", ");
    assert!(all("via").starts_with("1.1 first") && all("via").contains("holdfast"), "{}", all("via"));
    assert!(all("cdn-loop").starts_with("other; x=1, "), "{}", all("cdn-loop"));
}

#[test]
fn a_request_that_came_through_here_before_is_refused() {
    let page = Page::new([scripts::ok("hello")]);
    quick().get(&page).send().is(200, "hello");
    let first = page.seen().remove(0);
    for mark in ["cdn-loop", "holdfast-hop"] {
        let value = first.header(mark).unwrap_or_else(|| panic!("{mark} is not sent"));
        let answer = quick().get(&page).with(mark, value).send();
        assert_eq!(
            (answer.status(), answer.error().as_str()),
            (502, "proxy_loop_detected"),
            "{mark}: {value}"
        );
    }
    assert_eq!(page.attempts(), 1, "a loop ends here");
}

#[test]
fn the_mark_of_another_host_is_no_loop() {
    let page = Page::new([scripts::ok("hello")]);
    quick().get(&page).send().is(200, "hello");
    let first = page.seen().remove(0);
    let mut call = quick().get(&page).host("inner.example.test");
    for mark in ["cdn-loop", "holdfast-hop"] {
        call = call.with(mark, first.header(mark).unwrap());
    }
    call.send().is(200, "hello");
}

#[test]
fn a_websocket_echoes_through_the_worker() {
    let page = Page::by(scripts::websocket_echo);
    let mut open = quick()
        .get(&page)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Version", "13")
        .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .open();
    let head = open.head();
    assert_eq!(head.status, 101);
    assert_eq!(head.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    for text in ["Hello", "and again"] {
        // A masked text frame (RFC 6455 §5.2); the mask is zero.
        let frame = [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], text.as_bytes()].concat();
        open.write(&frame);
        let echoed = open.exactly(2 + text.len());
        assert_eq!(echoed, [&[0x81, text.len() as u8], text.as_bytes()].concat());
    }
    let close = [0x03, 0xE8];
    open.write(&[&[0x88, 0x82, 0, 0, 0, 0], &close[..]].concat());
    assert_eq!(open.exactly(2)[0], 0x88, "the close is answered");
}

#[test]
fn a_refused_upgrade_is_a_502_unless_the_origin_says_why() {
    let upgrade = |page: &Page| {
        quick()
            .get(page)
            .with("Upgrade", "websocket")
            .with("Connection", "Upgrade")
            .with("Sec-WebSocket-Version", "13")
            .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .send()
    };
    let ignored = upgrade(&Page::new([scripts::ok("a page")]));
    assert_eq!((ignored.status(), ignored.error().as_str()), (502, "http_upgrade_failed"));
    upgrade(&Page::new([scripts::answer("403 Forbidden", &[], "log in first")])).is(403, "log in first");
}

#[test]
fn a_trace_goes_on_to_the_origin_with_each_attempt_and_is_named_in_the_log() {
    // W3C Trace Context §3.2
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let page = Page::new([scripts::reset(), scripts::ok("hello")]);
    quick().get(&page).with("traceparent", parent).with("tracestate", "a=1").send().is(200, "hello");
    let seen = page.seen();
    assert_eq!(seen.len(), 2);
    for attempt in &seen {
        assert_eq!(
            (attempt.header("traceparent"), attempt.header("tracestate")),
            (Some(parent), Some("a=1"))
        );
    }
    assert_eq!(quick().log_of(&page.path)["trace"], "4bf92f3577b34da6a3ce929d0e0e4736");
}
