//! Cache poisoning and cache deception: nothing outside the key changes what is stored, and nothing that
//! belongs to one visitor is. An attacker asks first; then somebody asks who sends nothing unusual.

use faulty_origin::{Script, Seen, scripts};

use crate::client::{Answer, Call, HOST};
use crate::harness::{ALWAYS, Page, edge, eventually, is_in_a_uri, overlay, quick, routed, sendable, settle};

/// Stands in whatever an attacker sends; nobody else may ever meet it.
const EVIL: &str = "evil";

/// Stored for all, and fresh for longer than a test lasts.
const FRESH: Field<'_> = ("Cache-Control", "public, max-age=600");

type Field<'a> = (&'a str, &'a str);

/// All that the origin was sent.
fn all_of(seen: &Seen) -> String {
    let fields: String = seen.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    format!("{} {}\n{fields}\n{}", seen.method, seen.target, String::from_utf8_lossy(&seen.body))
}

/// The value of the first field that an attacker had a hand in.
fn echo_of(seen: &Seen) -> String {
    let marked = seen.headers.iter().find(|(_, value)| value.contains(EVIL));
    marked.map_or("www.example.test", |(_, value)| value).to_owned()
}

/// A way in which an origin lets a field decide what it answers.
struct Weakness {
    name: &'static str,
    /// Without a lifetime: the copy is seen only once the origin is down.
    silent: bool,
    behave: fn(&Seen) -> Script,
}

const WEAKNESSES: [Weakness; 6] = [
    Weakness { name: "page", silent: false, behave: |seen| scripts::with_headers(&[FRESH], all_of(seen)) },
    Weakness { name: "silent page", silent: true, behave: |seen| scripts::ok(all_of(seen)) },
    Weakness {
        name: "redirect",
        silent: false,
        behave: |seen| {
            let location = format!("https://{}/", echo_of(seen));
            scripts::answer("302 Found", &[FRESH, ("Location", &location)], "")
        },
    },
    Weakness {
        name: "silent redirect",
        silent: true,
        behave: |seen| scripts::redirect("301 Moved Permanently", &format!("//{}/", echo_of(seen))),
    },
    Weakness {
        name: "field",
        silent: false,
        behave: |seen| scripts::with_headers(&[FRESH, ("Link", &format!("<//{}/>", echo_of(seen)))], "page"),
    },
    Weakness {
        name: "nothing there",
        silent: false,
        behave: |seen| match all_of(seen).contains(EVIL) {
            true => scripts::answer("404 Not Found", &[FRESH], EVIL),
            false => scripts::with_headers(&[FRESH], "page"),
        },
    },
];

fn down(page: &Page) {
    page.now([scripts::reset()]);
}

/// A visitor who sends nothing but what it takes.
fn visitor(page: &Page) -> Answer {
    quick().get(page).send()
}

fn has_trace(answer: &Answer) -> bool {
    answer.text().contains(EVIL) || answer.head.fields.iter().any(|(_, value)| value.contains(EVIL))
}

fn is_hit(answer: &Answer) -> bool {
    answer.structured("cache-status").contains("Holdfast;hit")
}

/// Asks until the copy is there.
#[track_caller]
fn store(page: &Page) {
    eventually(&format!("{} is stored", page.path), || is_hit(&visitor(page)));
}

/// A page that says the same to everybody, stored.
#[track_caller]
fn stored(text: &str) -> Page {
    let page = Page::new([scripts::with_headers(&[FRESH], text)]);
    store(&page);
    page
}

/// Lets each of `fields` loose on an origin with each weakness, and asserts that nobody else notices and
/// that the pages can be stored afterwards.
#[track_caller]
fn nobody_else_notices(fields: &[Field<'_>]) {
    let mut attacked = Vec::new();
    for (name, value) in fields {
        for weakness in &WEAKNESSES {
            let page = Page::by(weakness.behave);
            quick().get(&page).with(name, value).send();
            attacked.push((format!("{name}: {value} ({})", weakness.name), weakness.silent, page));
        }
    }
    settle();
    let mut noticed = Vec::new();
    for (what, silent, page) in &attacked {
        if *silent {
            down(page);
        }
        if has_trace(&visitor(page)) {
            noticed.push(what);
        } else if !silent {
            store(page);
        }
    }
    assert!(noticed.is_empty(), "{noticed:#?}");
}

#[test]
fn no_field_that_claims_where_a_request_comes_from_changes_what_others_get() {
    nobody_else_notices(&[
        ("X-Forwarded-Host", "evil.example"),
        ("x-fORWARDED-hOST", "evil.example"),
        ("X_Forwarded_Host", "evil.example"),
        ("X-Forwarded-Proto", "evil"),
        ("X-Forwarded-Protocol", "evil"),
        ("X-Forwarded-Port", "evil"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Forwarded-Server", "evil.example"),
        ("X-Forwarded-Scheme", "evil"),
        ("X-Forwarded-Ssl", "evil"),
        ("X-Forwarded-For", "evil"),
        ("X-Forwarded-Path", "/evil"),
        ("X-Forwarded", "evil"),
        ("Forwarded", "for=evil;host=evil.example;proto=evil"),
        ("X-Host", "evil.example"),
        ("X-HTTP-Host-Override", "evil.example"),
        ("X-Original-Host", "evil.example"),
        ("X-Original-URL", "/evil"),
        ("X-Rewrite-URL", "/evil"),
        ("X-Real-IP", "evil"),
        ("X-Client-IP", "evil"),
        ("X-Cluster-Client-IP", "evil"),
        ("X-ProxyUser-Ip", "evil"),
        ("Client-IP", "evil"),
        ("Front-End-Https", "evil"),
        ("X-URL-Scheme", "evil"),
    ]);
}

#[test]
fn no_field_that_claims_another_method_or_version_of_the_page_changes_what_others_get() {
    nobody_else_notices(&[
        ("X-HTTP-Method-Override", "EVIL"),
        ("X-HTTP-Method-Override", "evil"),
        ("X-HTTP-Method", "evil"),
        ("X-Method-Override", "evil"),
        ("X-Method", "evil"),
        ("_method", "evil"),
        ("Content-Type", "text/evil"),
        ("Content-Encoding", "evil"),
        ("Range", "bytes=evil"),
        ("Range", "bytes=0-0,0-0,evil"),
        ("If-Match", "\"evil\""),
        ("If-Unmodified-Since", "evil"),
        ("Expect", "evil"),
        ("Upgrade", "evil"),
        ("Proxy-Authorization", "evil"),
        ("Proxy-Connection", "evil"),
        ("Keep-Alive", "evil"),
        ("TE", "evil"),
        ("Trailer", "evil"),
        ("HTTP2-Settings", "evil"),
        ("X-Api-Key", "evil"),
        ("X-Middleware-Prefetch", "evil"),
        ("Rsc", "/evil"),
        ("X-Amz-Website-Redirect-Location", "/evil"),
    ]);
}

#[test]
fn no_field_that_a_page_can_do_without_changes_what_others_get() {
    nobody_else_notices(&[
        ("True-Client-IP", "evil"),
        ("Holdfast-Attempt", "evil"),
        ("Max-Forwards", "evil"),
        ("From", "evil"),
        ("X-Request-ID", "evil"),
        ("Traceparent", "evil"),
        ("Tracestate", "evil"),
        ("Purpose", "evil"),
        ("Sec-Purpose", "evil"),
        ("If-None-Match", "<evil>"),
        ("If-Range", "<evil>"),
        ("X-Theme", "/evil"),
        ("X-Requested-With", "evil.example"),
        ("Accept-Charset", "evil"),
        ("If-Modified-Since", "evil"),
        ("CF-Warp-Tag-Id", "evil"),
    ]);
}

/// Names that frameworks, gateways and applications take for something, or that somebody might try.
const NAMES: &str = "\
    Accept-Application Accept-Datetime Accept-Encodxng Accept-Ranges Accepted Access-Control-Request-Headers \
    Access-Control-Request-Method Action Ad-Auction-Fetch Akamai-Country Akamai-Origin-Hop Alt-Used Api-Key App \
    App-Env App-Key Auth-Any Auth-Basic Auth-Key Auth-Password Auth-Realm Auth-Type Auth-User Authentication \
    B-Session Base Base-Url Basepath Bbs Block Brand Brief Bypass CDN-Cache-Control CDN-Src-Ip CF-Device-Type \
    CF-IPCity CF-IPLongitude CF-Template-Path CF-Worker Challenge Charset Client Client-Address Client-Host \
    Client-Ip Cluster-Client-IP Code Config Connect Content-Language Content-Location Content-MD5 Cookie-Domain \
    Cookie2 Country Country-Code Csrf-Token Current-Url Custom-Header DAV Data Date Debug Delegate Depth \
    Destination Device Device-Type Digest Dir Dl-From Domain Env Environment Error Expires Fake-Header \
    Fastly-Client-Ip Fastly-Host Fastly-Orig-Host Fastly-Ssl File Filename Flags Forwarded-For Forwarded-Host \
    Forwarded-Proto Forwarded-Server From Front-End-Https Geoip-Country Get-Vars Grant-Type Group Guardian-Host \
    Hash Header Host-Liveserver Host-Name Host-Override Http-Client-Ip Http-Host Http-Referer Http-Url \
    Http-X-Forwarded-For Https Https-Keysize Incap-Client-IP Ip Ip-Address Jenkins-Url Json Key Kiss-Rpc Label \
    Lang Language Layout Link Locale Location Lock-Token Log Login-Url Method Mod-Rewrite Mode Module Name \
    Next-Router-Prefetch Next-Router-State-Tree Nonce Notification-Template Oauth On-Behalf-Of \
    Orig-Path Origin-Url Original-Host Original-Uri Original-Url Overwrite Page Param Params Password Path \
    Path-Base Path-Info Path-Translated Php-Auth-User Port Portal Prefix Preview Profile Project Proto Protocol \
    Proxy Proxy-Host Proxy-Url Public-Url Query Query-String Real-Ip Real-Method Realm Redirect Redirect-Url \
    Referer-Url Referrer Region Remote-Addr Remote-Host Remote-User Request-Uri Request-Url Resource Return \
    Return-Url Root Route Scheme Script Script-Name Secret Server Server-Name Server-Port Service Session \
    Set-Cookie Site Source Src-Ip Ssl Ssl-Offloaded Static Status Style Subdomain Surrogate-Capability Template \
    Tenant Theme Timeout Title Token Translate True-Client-Ip Type UA-Color Unencoded-Url Upgrade-To Uri Url \
    User User-Id User-Name Userip Variant Version Via-Proxy View Wap-Connection Web-Server-Api Webhook \
    Www-Address X-Accel-Redirect X-Alto-Ajax-Key X-Amz-Website-Redirect-Location X-Api-Version X-App-Url \
    X-Apple-Client-Application X-Ar-Debug X-Arr-Log-Id X-Arr-Ssl X-Att-Deviceid X-Auth-Token X-Azure-Ref \
    X-B3-Url X-Backend-Host X-Base-Url X-Bluecoat-Via X-Cache-Control X-Cdn-Host X-Cf-Url X-Chrome-Extension \
    X-Client-Host X-Client-Ip X-Cluster-Client-Ip X-Coming-From X-Compress X-Country X-Custom-Url X-Debug \
    X-Destination X-Device X-Dialog X-Domain X-Drupal-Cache X-Env X-Envoy-Original-Path X-Error X-Esi X-Fb-Url \
    X-File-Name X-For X-Forward-For X-Forward-Host X-Forward-Proto X-Forwarded X-Forwarded-By \
    X-Forwarded-For-Original X-Forwarded-Path X-Forwarded-Prefix X-Forwarded-Protocol X-Forwarded-Uri \
    X-Forwarded-User X-Forwarder-For X-From X-Gateway-Host X-Geoip-Country X-Goog-Url X-Google-Doc-Url X-Host \
    X-Host-Override X-Hostname X-Http-Destinationurl X-Http-Host-Override X-Https X-Invoke-Path X-Invoke-Status \
    X-Ip X-Ip-Trail X-Language X-Locale X-Location X-Matched-Path X-Method-Override X-Middleware-Rewrite \
    X-Middleware-Subrequest X-Mobile-Url X-Nextjs-Data X-Now-Route-Matches X-Origin X-Original-Host \
    X-Original-Path X-Original-Remote-Addr X-Originating-Ip X-Page X-Path X-Path-Info X-Pjax-Url X-Prefix \
    X-Prerender-Host X-Proxy-Url X-Proxyuser-Ip X-Public-Host X-Query-String X-Real-Host X-Real-Ip X-Redirect \
    X-Referer X-Referrer X-Remote-Addr X-Remote-Ip X-Request-Uri X-Request-Url X-Resource X-Return-Url \
    X-Rewrite-Url X-Root X-Route X-Scheme X-Script-Name X-Sendfile X-Server-Name X-Service-Url X-Site X-Source \
    X-Sourcemap X-Ssl X-Static-Url X-Subdomain X-Target X-Template X-Tenant X-Theme X-Timer X-True-Client-Ip \
    X-Ua-Device X-Uri X-Url X-Url-Scheme X-User-Id X-Vercel-Forwarded-For X-Version X-View X-Wap-Profile \
    X-Waws-Unencoded-Url X-Webhook-Url X-Wp-Nonce X-Zone \
    ";

#[test]
fn no_address_and_no_markup_in_any_field_that_vary_does_not_name_is_given_to_others() {
    // Also where the origin says that everybody may have what it makes of them.
    let values = [
        "evil.example",
        "https://evil.example/a",
        "//evil",
        "/evil",
        "evil:8080",
        "\"><script>evil</script>",
    ];
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    assert!(names.len() > 350);
    for names in names.chunks(40) {
        let page = |name: &'static str, value| {
            let page = Page::by(|seen| scripts::with_headers(&[FRESH], all_of(seen)));
            quick().get(&page).with(name, value).send();
            (name, value, page)
        };
        let attacked: Vec<_> = names.iter().flat_map(|name| values.map(|value| page(name, value))).collect();
        settle();
        let noticed: Vec<_> = attacked
            .iter()
            .filter(|(_, _, page)| has_trace(&visitor(page)))
            .map(|(name, value, _)| (name, value))
            .collect();
        assert!(noticed.is_empty(), "{noticed:#?}");
    }
}

#[test]
fn what_an_origin_shows_to_those_whom_another_site_has_sent_is_nobody_elses_where_it_says_nothing() {
    let silent = || Page::by(|seen| scripts::ok(all_of(seen)));
    let marked = ["https://a.example/evil", "evil", "https://a.example/\"evil"].map(|referer| {
        let page = silent();
        quick().get(&page).with("Referer", referer).send();
        page
    });
    settle();
    for page in &marked {
        down(page);
        assert!(!has_trace(&visitor(page)));
    }
    // All that a browser sends about another site.
    let page = Page::new([scripts::with_headers(&[FRESH], "page")]);
    quick().get(&page).with("Referer", "https://www.google.com/").send();
    eventually("the copy", || is_hit(&visitor(&page)));
}

#[test]
fn a_browser_field_that_the_origin_names_in_vary_selects_a_variant_of_its_own() {
    // RFC 9111 §4.1
    let names =
        ["User-Agent", "Accept-Language", "Accept", "Referer", "Origin", "X-Theme", "X-Forwarded-Host"];
    let attacked = names.map(|name| {
        let page = Page::by(move |seen| scripts::with_headers(&[FRESH, ("Vary", name)], all_of(seen)));
        quick().get(&page).with(name, EVIL).send();
        (name, page)
    });
    settle();
    for (name, page) in &attacked {
        assert!(!has_trace(&visitor(page)), "{name}");
        store(page);
        let other = quick().get(page).with(name, "other").send();
        assert!(!has_trace(&other), "{name}");
    }
}

#[test]
fn an_origin_that_mirrors_who_may_read_an_answer_shows_others_no_name_but_theirs() {
    let allow = |vary: Option<&'static str>| {
        Page::by(move |seen| {
            let mut fields = vec![FRESH];
            fields.extend(vary.map(|names| ("Vary", names)));
            fields.extend(seen.header("origin").map(|origin| ("Access-Control-Allow-Origin", origin)));
            scripts::with_headers(&fields, "data")
        })
    };
    let pages = [allow(None), allow(Some("Origin")), allow(Some("Accept-Encoding, origin"))];
    for page in &pages {
        quick().get(page).with("Origin", "https://evil.example").send().is(200, "data");
    }
    settle();
    for page in &pages {
        let answer = quick().get(page).with("Origin", "https://a.example").send();
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://a.example"));
        assert_eq!(visitor(page).header("access-control-allow-origin"), None);
        store(page);
    }
}

#[test]
fn an_error_that_a_field_provoked_is_nobody_elses() {
    let rows = [
        ("X-Oversized", "x".repeat(20_000)),
        ("Referer", format!("https://a.example/{}", "x".repeat(20_000))),
        ("Cookie", format!("_ga={0}; a={0}", "x".repeat(9_000))),
        ("X-Meta", "\u{7}\u{1}".to_owned()),
        ("User-Agent", "() { :; }; \u{7f}".to_owned()),
        ("Accept-Language", "\u{fffd}".to_owned()),
        ("Accept", "///".to_owned()),
        ("Accept-Encoding", "pigeon;q=x, *;q=0".to_owned()),
        ("Content-Type", "nonsense".to_owned()),
        ("Content-Length", "0".to_owned()),
        ("Range", "bytes=cow".to_owned()),
        ("Range", "lines=1-2".to_owned()),
        ("Range", "bytes=9-1".to_owned()),
        ("Expect", "100-continue".to_owned()),
        ("Expect", "200-ok".to_owned()),
        ("Max-Forwards", "0".to_owned()),
        ("Authorization", "Basic !".to_owned()),
        ("If-Match", "\"no\"".to_owned()),
        ("Upgrade", "h2c".to_owned()),
        ("Connection", "cookie, host, x-forwarded-host".to_owned()),
    ];
    let attacked: Vec<_> = rows
        .iter()
        .map(|(name, value)| {
            let name: &'static str = name;
            let behave = move |seen: &Seen| match seen.header(name) {
                Some(_) => scripts::answer("400 Bad Request", &[FRESH], EVIL),
                None => scripts::with_headers(&[FRESH], "good"),
            };
            let (new, known) = (Page::by(behave), Page::by(behave));
            quick().get(&new).with(name, value).send();
            store(&known);
            quick().get(&known).with("Cache-Control", "no-cache").with(name, value).send();
            (format!("{name}: {:.20}", value), new, known)
        })
        .collect();
    settle();
    for (what, new, known) in &attacked {
        visitor(new).is(200, "good");
        store(new);
        let answer = visitor(known);
        assert!(is_hit(&answer), "{what}");
        answer.is(200, "good");
    }
}

#[test]
fn no_status_that_one_request_provoked_replaces_a_good_copy() {
    let refusals = [
        "400", "401", "402", "403", "405", "406", "407", "408", "409", "411", "412", "413", "414", "415",
        "416", "417", "421", "422", "425", "426", "429", "431", "451", "500", "501", "502", "503", "504",
        "505", "508", "511", "520",
    ];
    // These may be stored, but not where a field outside the key may have brought them about.
    let others = ["200", "203", "300", "301", "302", "303", "307", "308", "404", "410"];
    let rows = refusals.map(|status| (status, "Accept")).into_iter();
    let attacked: Vec<_> = rows
        .chain(others.map(|status| (status, "X-Original-Provoke")))
        .map(|(status, name)| {
            let page = Page::by(move |seen| match seen.header(name) {
                Some(_) => scripts::answer(&format!("{status} So"), &[FRESH, ("Location", "/evil")], EVIL),
                None => scripts::with_headers(&[FRESH], "good"),
            });
            store(&page);
            quick().get(&page).with("Cache-Control", "no-cache").with(name, EVIL).send();
            (status, page)
        })
        .collect();
    settle();
    for (status, page) in &attacked {
        down(page);
        let answer = visitor(page);
        assert!(is_hit(&answer), "{status}: {answer:?}");
        answer.is(200, "good");
    }
}

#[test]
fn no_method_but_get_fills_the_store() {
    let methods = [
        "get", "Get", "GETX", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
        "PURGE", "FOO", "PROPFIND", "SEARCH", "REPORT",
    ];
    let pages = methods.map(|method| {
        let page = Page::by(|seen| {
            let body = if seen.method == "HEAD" { "" } else { &seen.method };
            scripts::with_headers(&[FRESH, ("X-Method", &seen.method)], body)
        });
        quick().call(method, &page.path).send();
        (method, page)
    });
    settle();
    for (method, page) in &pages {
        let answer = visitor(page);
        assert_eq!((answer.text().as_str(), answer.header("x-method")), ("GET", Some("GET")), "{method}");
        store(page);
    }
    let safe = ["get", "OPTIONS", "TRACE", "FOO"];
    let (_, page) = &pages[0];
    for method in safe {
        quick().call(method, &page.path).with("Cache-Control", "no-cache").send();
        let answer = visitor(page);
        assert!(is_hit(&answer), "{method}");
        answer.is(200, "GET");
    }
}

#[test]
fn an_answer_to_head_is_nobody_elses_answer_to_get() {
    // It may make the copy stale (RFC 9111 §4.3.5), and never becomes part of one that it does not describe.
    let rows: [&'static [Field<'static>]; 4] = [
        &[("Cache-Control", "public, max-age=9999"), ("X-Own", EVIL), ("Content-Length", "9")],
        &[("Cache-Control", "no-store"), ("X-Own", EVIL)],
        &[("Vary", "*"), ("Location", "/evil"), ("Set-Cookie", "sid=evil")],
        &[("Cache-Control", "private"), ("ETag", "\"evil\""), ("Content-Type", "text/evil")],
    ];
    let attacked = rows.map(|fields| {
        let pages = ["200 OK", "404 Not Found", "301 Moved Permanently"].map(|status| {
            Page::by(move |seen| match seen.method.as_str() {
                "HEAD" => {
                    let fields: String =
                        fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                    scripts::raw(format!("HTTP/1.1 {status}\r\nConnection: close\r\n{fields}\r\n"))
                }
                _ => scripts::with_headers(&[FRESH, ("ETag", "\"v1\"")], "good"),
            })
        });
        for page in &pages {
            quick().call("HEAD", &page.path).send();
            store(page);
            quick().call("HEAD", &page.path).with("Cache-Control", "no-cache").send();
        }
        pages
    });
    settle();
    for page in attacked.iter().flatten() {
        let answer = visitor(page);
        answer.is(200, "good");
        assert!(!has_trace(&answer), "{answer:?}");
    }
}

#[test]
fn a_copy_that_an_attacker_had_refreshed_or_validated_is_none_of_theirs() {
    // RFC 5861 §3, RFC 9111 §4.3.4
    let rows =
        [("X-Theme", EVIL), ("X-Forwarded-Host", EVIL), ("Cookie", "_ga=evil"), ("If-None-Match", EVIL)];
    let controls = ["max-age=0, stale-while-revalidate=600", "max-age=0, stale-if-error=600"];
    let mut attacked = Vec::new();
    for (name, value) in rows {
        for control in controls {
            let page = Page::by(move |seen| {
                let echo = if all_of(seen).contains(EVIL) { EVIL } else { "page" };
                let fields = [("Cache-Control", control), ("ETag", "\"v1\""), ("X-Echo", echo)];
                match seen.header("if-none-match") {
                    Some("\"v1\"") => scripts::not_modified(&fields),
                    _ => scripts::with_headers(&fields, echo),
                }
            });
            visitor(&page).is(200, "page");
            eventually("the copy is stored", || {
                visitor(&page);
                page.seen().last().is_some_and(|seen| seen.header("if-none-match").is_some())
            });
            quick().get(&page).with(name, value).send();
            attacked.push((name, page));
        }
    }
    settle();
    for (name, page) in &attacked {
        down(page);
        let answer = visitor(page);
        answer.is(200, "page");
        assert!(!has_trace(&answer), "{name}: {answer:?}");
    }
}

#[test]
fn a_body_on_get_decides_nothing() {
    let page = || {
        Page::by(|seen| match seen.body.is_empty() && seen.header("content-length").is_none() {
            true => scripts::with_headers(&[FRESH], "good"),
            false => scripts::with_headers(&[FRESH], format!("evil {seen:?}")),
        })
    };
    let ask: [fn(Call) -> Call; 4] = [
        |call| call.body("evil"),
        |call| call.with("Content-Type", "application/x-www-form-urlencoded").body("q=evil"),
        |call| call.with("X-HTTP-Method-Override", "POST").body("evil"),
        |call| call.with("Content-Length", "0"),
    ];
    let mut pages: Vec<_> = ask
        .iter()
        .map(|ask| {
            let page = page();
            ask(quick().get(&page)).send();
            page
        })
        .collect();
    let chunked = page();
    let mut open = quick().get(&chunked).with("Transfer-Encoding", "chunked").open();
    open.write(b"4\r\nevil\r\n0\r\n\r\n");
    open.answer();
    pages.push(chunked);
    settle();
    for page in &pages {
        visitor(page).is(200, "good");
        store(page);
    }
}

#[test]
fn a_roundabout_path_is_not_stored_in_the_place_of_another() {
    // What climbs out of its place in the store's own names, and down again beside it.
    let place = [".well-known", "holdfast", "cache", "1", "http", HOST];
    let mut attacked = Vec::new();
    for up in ["..", "%2e%2e", "%2E%2E", ".%2e", "%2e."] {
        for climbs in 1..=place.len() {
            let page = Page::new([scripts::with_headers(&[FRESH], "good")]);
            let down = format!("/{}{}", place[place.len() - climbs..].join("/"), page.path);
            Page::at(down.as_str(), |_| scripts::with_headers(&[FRESH], EVIL));
            let target = format!("{}{down}", format!("/{up}").repeat(climbs));
            quick().call("GET", &target).send();
            attacked.push((target, page));
        }
    }
    for (host, before) in
        [(format!("{HOST}:8080"), "/.."), (HOST.to_owned(), "/x/..\\.."), (HOST.to_owned(), "/..\\.")]
    {
        let page = Page::new([scripts::with_headers(&[FRESH], "good")]);
        let down = format!("/{HOST}{}", page.path);
        Page::at(down.as_str(), |_| scripts::with_headers(&[FRESH], EVIL));
        let target = format!("{before}{down}");
        quick().call("GET", &target).host(&host).send();
        attacked.push((target, page));
    }
    settle();
    let taken: Vec<_> =
        attacked.iter().filter(|(_, page)| has_trace(&visitor(page))).map(|(target, _)| target).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn every_spelling_of_a_target_gets_what_the_origin_says_to_it() {
    // As sent, and as the origin is asked for it (URL Standard).
    let rows = [
        ("/x/../{}", "/{}"),
        ("/./{}", "/{}"),
        ("/x/%2e%2e/{}", "/{}"),
        ("/x\\..\\{}", "/{}"),
        ("/{}#evil", "/{}"),
        ("/{}?", "/{}?"),
        ("/{}?#?evil", "/{}?"),
        ("/{}?a=1&b=2", "/{}?a=1&b=2"),
        ("/{}?b=2&a=1", "/{}?b=2&a=1"),
        ("/{}?a=1&a=2", "/{}?a=1&a=2"),
        ("/{}?a=2&a=1", "/{}?a=2&a=1"),
        ("/{}?a=1;b=2", "/{}?a=1;b=2"),
        ("/{}?_method=POST", "/{}?_method=POST"),
        ("/{}?utm_source=x", "/{}?utm_source=x"),
        ("/{}?A=1&B=2", "/{}?A=1&B=2"),
        ("/{}?a=%31&b=2", "/{}?a=%31&b=2"),
        ("/{}?/../x", "/{}?/../x"),
        ("//{}", "//{}"),
        ("/{}/", "/{}/"),
        ("/{}//", "/{}//"),
        ("/{};b", "/{};b"),
        ("/{};b=c", "/{};b=c"),
        ("/{}.", "/{}."),
        ("/{}..", "/{}.."),
        ("/{}.css", "/{}.css"),
        ("/{}/x.css", "/{}/x.css"),
        ("/{}%2fx.css", "/{}%2fx.css"),
        ("/{}%2Fx.css", "/{}%2Fx.css"),
        ("/{}%3bx.css", "/{}%3bx.css"),
        ("/{}%3fx.css", "/{}%3fx.css"),
        ("/{}%23x.css", "/{}%23x.css"),
        ("/{}%0a.css", "/{}%0a.css"),
        ("/{}%0d%0aX-A:%20evil", "/{}%0d%0aX-A:%20evil"),
        ("/{}%00", "/{}%00"),
        ("/{}%20", "/{}%20"),
        ("/{}%2f..%2fb", "/{}%2f..%2fb"),
        ("/a%2f..%2f{}", "/a%2f..%2f{}"),
        ("/%2f{}", "/%2f{}"),
        ("/{}%5cb", "/{}%5cb"),
        ("/{}%252e", "/{}%252e"),
        ("/{}\u{e9}", "/{}%C3%A9"),
        ("/{}%c3%a9", "/{}%c3%a9"),
        ("/{}\"<>", "/{}%22%3C%3E"),
    ];
    let page = Page::new([]);
    let name = page.path.trim_start_matches('/');
    let echo = |seen: &Seen| scripts::with_headers(&[FRESH], &seen.target);
    let spelt = |text: &str| text.replace("{}", name);
    let mut targets: Vec<(String, String)> =
        rows.iter().map(|(sent, asked)| (spelt(sent), spelt(asked))).collect();
    let long = format!("/{name}/{}", "long/".repeat(1500));
    for tail in ["", "a", "b"] {
        targets.push((format!("{long}{tail}"), format!("{long}{tail}")));
    }
    let upper = page.path.to_uppercase();
    targets.push((upper.clone(), upper));
    targets.push((page.path.clone(), page.path.clone()));
    for (_, asked) in &targets {
        Page::at(asked.split('?').next().unwrap(), echo);
    }
    for round in 0..2 {
        for (sent, asked) in &targets {
            let answer = quick().call("GET", sent).send();
            if !sent.chars().all(is_in_a_uri) {
                assert_eq!(answer.status(), 400, "{sent}: the platform refuses it");
                continue;
            }
            assert_eq!(answer.text(), *asked, "{sent}");
        }
        if round == 0 {
            settle();
        }
    }
    assert!(is_hit(&visitor(&page)));
}

#[test]
fn the_store_s_own_names_are_not_within_reach_of_clients() {
    let page = stored("good");
    let digest = "0123456789abcdef".repeat(2);
    let below = format!("/.well-known/holdfast/cache/2/http/{HOST}{}", page.path);
    for name in [
        below.clone(),
        format!("/.well-known/holdfast/cache/2/{digest}/http/{HOST}{}", page.path),
        format!("{below}/body/00000000-0000-4000-8000-000000000000"),
        format!("/.well-known/holdfast/cache/2/http/{HOST}{below}"),
    ] {
        let own = Page::at(name.as_str(), |_| scripts::with_headers(&[FRESH], EVIL));
        assert_eq!(
            (visitor(&own).status(), own.attempts()),
            (404, 0),
            "{name}: neither a copy nor the origin's"
        );
    }
    // What looks like the name of a body below a page is a page of its own.
    let like_a_body = format!("{}/body/00000000-0000-4000-8000-000000000000", page.path);
    let own = Page::at(like_a_body.as_str(), |_| scripts::with_headers(&[FRESH], EVIL));
    store(&own);
    let answer = visitor(&page);
    assert!(is_hit(&answer));
    answer.is(200, "good");
}

#[test]
fn two_hosts_never_share_a_copy() {
    let page = Page::by(|seen| scripts::with_headers(&[FRESH], seen.header("x-forwarded-host").unwrap()));
    let upper = HOST.to_uppercase();
    let hosts = [
        HOST.to_owned(),
        upper,
        format!("{HOST}."),
        format!("{HOST}:80"),
        format!("{HOST}:443"),
        format!("{HOST}:8080"),
        "evil.example".to_owned(),
        format!("evil.{HOST}"),
        format!("{HOST}.evil.example"),
        "127.0.0.1".to_owned(),
        "[::1]".to_owned(),
        "[::1]:8080".to_owned(),
    ];
    for round in 0..2 {
        for host in &hosts {
            let answer = quick().get(&page).host(host).send();
            // The scheme's own port may be left out.
            let (shown, asked) = (answer.text(), host.trim_end_matches(":80"));
            assert!(shown.trim_end_matches(":80").eq_ignore_ascii_case(asked), "{host} got {shown}");
        }
        if round == 0 {
            settle();
        }
    }
}

#[test]
fn a_target_or_host_in_doubt_reaches_no_copy() {
    let page = Page::by(|seen| scripts::with_headers(&[FRESH], seen.header("x-forwarded-host").unwrap()));
    let path = &page.path;
    for target in [
        format!("http://evil.example{path}"),
        format!("https://evil.example{path}"),
        format!("HTTP://EVIL.example:80{path}"),
        format!("http://u:evil@{HOST}{path}"),
        format!("//evil.example{path}"),
        format!("evil.example{path}"),
        "*".to_owned(),
    ] {
        quick().call("GET", &target).send();
    }
    for host in [
        format!("evil.example/{HOST}"),
        format!("{HOST}/../evil"),
        format!("{HOST}?evil"),
        format!("{HOST}#evil"),
        format!("evil@{HOST}"),
        format!("{HOST} evil"),
        format!("{HOST}, evil.example"),
        format!("{HOST}\\evil"),
        format!("%65vil.{HOST}"),
    ] {
        quick().get(&page).host(&host).send();
    }
    quick().get(&page).with("Host", "evil.example").send();
    quick().get(&page).host("evil.example").with("Host", HOST).send();
    settle();
    visitor(&page).is(200, HOST);
    store(&page);
}

#[test]
fn nothing_is_stored_where_the_cache_is_off_however_the_path_is_spelt() {
    let rows = [
        ("/uncached/{}", "/uncached/{}"),
        ("/x/../uncached/{}", "/uncached/{}"),
        ("/%2e/uncached/{}", "/uncached/{}"),
        ("/uncached\\{}", "/uncached/{}"),
        // RFC 3986 §6.2.2.2: an encoded letter is that letter.
        ("/%75ncached/{}", "/%75ncached/{}"),
        ("/uncache%64/{}", "/uncache%64/{}"),
        // What servers take for the same besides, alone or one behind the other.
        ("//uncached/{}", "//uncached/{}"),
        ("/uncached//{}", "/uncached//{}"),
        ("/uncached%2f{}", "/uncached%2f{}"),
        ("/uncached%2F/{}", "/uncached%2F/{}"),
        ("/uncached%5c{}", "/uncached%5c{}"),
        ("/uncached%252f{}", "/uncached%252f{}"),
        ("/x/..%2funcached/{}", "/x/..%2funcached/{}"),
        ("/x%2f%2e%2e%2funcached%2f{}", "/x%2f%2e%2e%2funcached%2f{}"),
        ("/x/..;/uncached/{}", "/x/..;/uncached/{}"),
        ("/uncached;id=1/{}", "/uncached;id=1/{}"),
    ];
    let pages = rows.map(|(sent, asked)| {
        let name = Page::new([]).path.trim_start_matches('/').to_owned();
        let page = Page::at(asked.replace("{}", &name), |_| scripts::with_headers(&[FRESH], "for alice"));
        let target = sent.replace("{}", &name);
        routed().call("GET", &target).send().is(200, "for alice");
        (target, page)
    });
    settle();
    let shown = pages.iter().filter(|(target, page)| {
        down(page);
        routed().call("GET", target).send().text().contains("alice")
    });
    let shown: Vec<_> = shown.map(|(target, _)| target).collect();
    assert!(shown.is_empty(), "{shown:#?}");
}

#[test]
fn a_route_holds_for_its_host_however_that_is_spelt() {
    // RFC 9110 §4.2.3: hosts are the same in any case.
    let page = Page::new([scripts::reset()]);
    for host in ["other.example.test", "OTHER.example.test", "oTHER.example.test:8080"] {
        let text = routed().get(&page).host(host).browsing().send().text();
        assert!(text.contains("Other"), "{host}");
    }
}

#[test]
fn a_page_of_somebody_under_the_name_of_a_picture_is_not_stored() {
    let session = ("Cookie", "_ga=GA1.1.1; sid=alice");
    let token = ("Authorization", "Bearer alice");
    let rows: [(Field<'_>, &[Field<'_>]); 17] = [
        (session, &[]),
        (session, &[("Content-Type", "text/css")]),
        (session, &[("Expires", "Fri, 01 Jan 2038 00:00:00 GMT")]),
        (session, &[("Cache-Control", "max-age=0")]),
        (session, &[("Cache-Control", "stale-if-error=600")]),
        (session, &[("Cache-Control", "private, max-age=600")]),
        (session, &[("Cache-Control", "no-store")]),
        (session, &[("Set-Cookie", "sid=alice"), FRESH]),
        (session, &[("ETag", "\"alice\""), ("Last-Modified", "Fri, 01 Jan 2010 00:00:00 GMT")]),
        (("Cookie", "sid"), &[]),
        (("Cookie", "=alice"), &[]),
        (("Cookie", "_GA=alice"), &[]),
        (("Cookie", "x_ga=alice"), &[]),
        (token, &[]),
        (token, &[("Cache-Control", "max-age=600")]),
        (token, &[("Cache-Control", "stale-if-error=600")]),
        (("X-Api-Key", "alice"), &[FRESH]),
    ];
    let tails = ["/x.css", "/..%2fx.js", ";x.png", "%3fx.ico", "%0ax.woff2"];
    let pages: Vec<_> = rows
        .iter()
        .zip(tails.iter().cycle())
        .map(|(((name, value), fields), tail)| {
            let own = Page::new([]);
            let page = Page::at(format!("/account{}{tail}", own.path), |_| scripts::close());
            page.now([scripts::with_headers(fields, "hello alice")]);
            quick().get(&page).with(name, value).send().is(200, "hello alice");
            page.now([scripts::with_headers(&[FRESH], "sign in")]);
            (format!("{name}: {value} {fields:?}"), page)
        })
        .collect();
    settle();
    for (what, page) in &pages {
        let answer = visitor(page);
        assert_eq!(answer.text(), "sign in", "{what}");
        assert!(!answer.head.fields.iter().any(|(_, value)| value.contains("alice")), "{what}");
        store(page);
    }
}

#[test]
fn a_harmless_cookie_with_a_poisoned_value_never_reaches_the_origin() {
    let rows = [
        "_ga=evil",
        "_ga=\"evil",
        "_ga_EVIL=<script>evil</script>",
        "_gid=evil; _fbp=evil",
        "_ga = evil",
        " ;; _ga=evil;;",
        "_ga=evil=sid=evil",
        "_ga",
    ];
    let attacked = rows.map(|cookie| {
        let pages =
            [&[FRESH][..], &[]].map(|fields| Page::by(|seen| scripts::with_headers(fields, all_of(seen))));
        for page in &pages {
            let answer = quick().get(page).with("Cookie", cookie).send();
            assert!(!has_trace(&answer) && !answer.text().contains("_ga"), "{cookie}: {}", answer.text());
        }
        pages
    });
    settle();
    for page in attacked.iter().flatten() {
        assert!(!has_trace(&visitor(page)));
    }
}

#[test]
fn no_session_is_taken_for_an_analytics_cookie() {
    // An application named after a gallery may well call its session like this.
    for cookie in ["sid=alice", "_gallery_session=alice", "_gauth=alice"] {
        let page = Page::by(|seen| scripts::ok(seen.header("cookie").unwrap_or("nobody")));
        let text = quick().get(&page).with("Cookie", cookie).send().text();
        assert_eq!(text, cookie);
    }
}

#[test]
fn a_session_is_seen_behind_an_analytics_cookie_on_another_line() {
    // Here lines arrive as one, joined by a comma, which no cookie has in its value (RFC 6265 §4.1.1).
    let page = Page::by(|seen| scripts::ok(seen.header("cookie").unwrap_or("nobody")));
    let text = quick().get(&page).with("Cookie", "_ga=1").with("Cookie", "sid=alice").send().text();
    assert!(text.contains("sid=alice"), "{text}");
}

#[test]
fn a_condition_or_range_of_one_client_is_answered_to_that_client_alone() {
    // RFC 9110 §13, §14
    let (past, future) = ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2038 00:00:00 GMT");
    let rows: [(&'static str, &[Field<'static>]); 11] = [
        ("304 Not Modified", &[("If-None-Match", "*")]),
        ("304 Not Modified", &[("If-None-Match", "\"v1\", W/\"v0\"")]),
        ("304 Not Modified", &[("If-Modified-Since", future)]),
        ("304 Not Modified", &[("If-None-Match", "garbage"), ("If-Modified-Since", future)]),
        ("412 Precondition Failed", &[("If-Match", "\"no\"")]),
        ("412 Precondition Failed", &[("If-Unmodified-Since", past)]),
        ("412 Precondition Failed", &[("If-None-Match", "*")]),
        ("206 Partial Content", &[("Range", "bytes=0-0")]),
        ("206 Partial Content", &[("Range", "bytes=0-0"), ("If-Range", "\"v1\"")]),
        ("200 OK", &[("Range", "bytes=0-0")]),
        ("416 Range Not Satisfiable", &[("Range", "bytes=99-")]),
    ];
    let attacked: Vec<_> = rows
        .iter()
        .map(|(status, fields)| {
            let (status, name) = (*status, fields[0].0);
            let behave = move |seen: &Seen| {
                let good = [FRESH, ("ETag", "\"v1\""), ("Last-Modified", "Fri, 01 Jan 2010 00:00:00 GMT")];
                let partial = [FRESH, ("Content-Range", "bytes 0-0/4"), ("X-Own", EVIL)];
                match seen.header(name) {
                    // The conditions of the worker's own name what is stored.
                    Some("\"v1\"") if status.starts_with("304") => scripts::not_modified(&good),
                    Some(_) if status.starts_with("304") => scripts::not_modified(&partial[..1]),
                    Some(_) => scripts::answer(status, &partial, "e"),
                    None => scripts::with_headers(&good, "good"),
                }
            };
            let with = |call: Call| fields.iter().fold(call, |call, (name, value)| call.with(name, value));
            let (new, known) = (Page::by(behave), Page::by(behave));
            with(quick().get(&new)).send();
            store(&known);
            with(quick().get(&known)).send();
            with(quick().get(&known).with("Cache-Control", "no-cache")).send();
            (format!("{status} {fields:?}"), new, known)
        })
        .collect();
    settle();
    for (what, new, known) in &attacked {
        for page in [new, known] {
            let answer = visitor(page);
            answer.is(200, "good");
            assert!(!has_trace(&answer) && answer.header("content-range").is_none(), "{what}");
            store(page);
        }
    }
}

#[test]
fn what_one_client_says_about_caching_holds_for_that_client_alone() {
    // RFC 9111 §5.2.1
    let rows = [
        ("Cache-Control", "no-store"),
        ("Cache-Control", "no-store, no-cache, must-revalidate, private, max-age=0"),
        ("Cache-Control", "no-cache"),
        ("Cache-Control", "max-age=0"),
        ("Cache-Control", "max-age=31536000, max-stale=31536000"),
        ("Cache-Control", "s-maxage=31536000, public, immutable, stale-if-error=31536000"),
        ("Cache-Control", "min-fresh=31536000"),
        ("Cache-Control", "only-if-cached"),
        ("Cache-Control", "stale-if-error=0"),
        ("CDN-Cache-Control", "max-age=31536000"),
        ("Surrogate-Control", "max-age=31536000"),
        ("Pragma", "no-cache"),
        ("Expires", "Fri, 01 Jan 2038 00:00:00 GMT"),
        ("Age", "31536000"),
        ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Vary", "*"),
        ("Set-Cookie", "sid=evil"),
    ];
    let attacked = rows.map(|(name, value)| {
        let pages = ["public, max-age=600", "max-age=0, stale-if-error=600"].map(|control| {
            let page = Page::new([scripts::with_headers(&[("Cache-Control", control)], "good")]);
            quick().get(&page).send().is(200, "good");
            page
        });
        store(&pages[0]);
        for page in &pages {
            quick().get(page).with(name, value).send();
        }
        (name, value, pages)
    });
    settle();
    for (name, value, [fresh, stale]) in &attacked {
        let asked = fresh.attempts();
        let answer = visitor(fresh);
        answer.is(200, "good");
        assert_eq!(fresh.attempts(), asked, "{name}: {value}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=600"), "{name}: {value}");
        let ttl = answer.structured("cache-status");
        let ttl = ttl.split("ttl=").nth(1).and_then(|text| text.parse::<u64>().ok());
        assert!(ttl.is_some_and(|ttl| (500..=600).contains(&ttl)), "{name}: {value}: {answer:?}");
        stale.now([scripts::with_headers(&[("Cache-Control", "max-age=0")], "new")]);
        visitor(stale).is(200, "new");
    }
}

#[test]
fn variants_cannot_be_made_to_collide() {
    // RFC 9111 §4.1
    let long = "x".repeat(400);
    let longer = format!("{long}y");
    let rows: [&[Field<'_>]; 22] = [
        &[],
        &[("X-A", "")],
        &[("X-B", "")],
        &[("X-A", ""), ("X-B", "")],
        &[("X-A", "1")],
        &[("X-B", "1")],
        &[("X-A", "1"), ("X-B", "2")],
        &[("X-A", "2"), ("X-B", "1")],
        &[("X-A", "1x-b:=2")],
        &[("X-A", "1"), ("X-B", "=2")],
        &[("X-A", "1;<x-b:=2")],
        &[("X-A", "1%0ax-b:=2")],
        &[("X-A", "1, x-b: 2")],
        &[("X-A", "1,2")],
        &[("X-A", "1, 2")],
        &[("X-A", "=1")],
        &[("X-A", "#1")],
        &[("X-A", "1"), ("X-B", "2, 3")],
        &[("X-A", &long)],
        &[("X-A", &longer)],
        &[("X-A", "A")],
        &[("X-A", "a")],
    ];
    let shown = |seen: &Seen| {
        let value = |name| seen.header(name).map_or("none".to_owned(), |value| format!("{value:?}"));
        format!("{} {}", value("x-a"), value("x-b"))
    };
    let page = Page::by(move |seen| scripts::with_headers(&[FRESH, ("Vary", "X-A, X-B")], shown(seen)));
    let ask = |fields: &[Field<'_>]| {
        let call = fields.iter().fold(quick().get(&page), |call, (name, value)| call.with(name, value));
        call.send().text()
    };
    let first = rows.map(ask);
    settle();
    let second = rows.map(ask);
    assert_eq!(first, second);
    let mut distinct = first.to_vec();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), rows.len(), "{first:#?}");
    // The same fields in another order, and in two lines, are the same variant.
    let asked = page.attempts();
    assert_eq!(ask(&[("X-B", "2"), ("X-A", "1")]), first[6]);
    assert_eq!(ask(&[("X-A", "1"), ("X-A", "2")]), first[14]);
    assert_eq!(page.attempts(), asked);
}

/// Pages that differ by a field and show what the origin had of it; `theirs` asks first, then `ours`.
#[track_caller]
fn ours_is_not_what_theirs_got(rows: &[(&'static str, &str, &str)]) {
    let ask = |page: &Page, name: &str, value: &str| quick().get(page).with(name, value).send().text();
    let attacked: Vec<_> = rows
        .iter()
        .map(|(name, theirs, ours)| {
            let name: &'static str = name;
            let behave = move |seen: &Seen| {
                scripts::with_headers(&[FRESH, ("Vary", name)], seen.header(name).unwrap())
            };
            let page = Page::by(behave);
            ask(&page, name, theirs);
            (name, theirs, ours, page)
        })
        .collect();
    settle();
    let wrong: Vec<_> =
        attacked.iter().filter(|(name, _, ours, page)| ask(page, name, ours) != **ours).collect();
    let wrong: Vec<_> = wrong.iter().map(|(name, theirs, ours, _)| (name, theirs, ours)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_values_that_mean_the_same_share_a_variant() {
    // RFC 9111 §4.1: whitespace goes only where the field's syntax allows it.
    ours_is_not_what_theirs_got(&[
        ("Accept-Language", "d e", "de"),
        ("Accept-Language", "d\te", "de"),
        ("Accept-Language", "de;q=0. 5", "de;q=0.5"),
        ("Accept-Encoding", "gz ip", "gzip"),
        ("Accept", "text / html", "text/html"),
        ("X-Theme", "DARK", "dark"),
    ]);
}

#[test]
fn what_is_the_same_to_the_key_is_the_same_to_the_origin() {
    // An origin that reads these to the letter would let one spelling choose what the others get.
    ours_is_not_what_theirs_got(&[
        ("Accept-Language", "DE", "de"),
        ("Accept-Language", "de , en", "de,en"),
        ("Accept-Encoding", "GZIP", "gzip"),
    ]);
}

#[test]
fn a_coded_body_is_not_given_to_somebody_who_did_not_ask_for_one() {
    // nginx, for one, leaves `Vary` out by default.
    let page = Page::by(|seen| match seen.header("accept-encoding") {
        Some("gzip") => scripts::with_headers(&[FRESH, ("Content-Encoding", "gzip")], "\u{1f}\u{8b}"),
        _ => scripts::with_headers(&[FRESH], "plain"),
    });
    quick().get(&page).with("Accept-Encoding", "gzip").send();
    settle();
    visitor(&page).is(200, "plain");
}

#[test]
fn a_flood_of_variants_does_not_push_out_the_others() {
    let page = Page::by(|seen| {
        scripts::with_headers(&[FRESH, ("Vary", "X-Flood")], seen.header("x-flood").unwrap_or("good"))
    });
    store(&page);
    for number in 0..150 {
        quick().get(&page).with("X-Flood", &format!("evil{number}")).send();
    }
    settle();
    down(&page);
    visitor(&page).is(200, "good");
}

#[test]
fn an_address_that_the_origin_names_in_vary_selects_a_variant_of_its_own() {
    // The platform says who asks in `CF-Connecting-IP`; what the origin gets is made of that.
    for name in ["X-Real-IP", "X-Forwarded-For"] {
        let page = Page::by(move |seen| {
            scripts::with_headers(&[FRESH, ("Vary", name)], seen.header(name).unwrap_or("nobody"))
        });
        let ask = |address: &str| quick().get(&page).with("CF-Connecting-IP", address).send();
        ask("192.0.2.1").is(200, "192.0.2.1");
        eventually("the copy is stored", || is_hit(&ask("192.0.2.1")));
        assert_eq!(ask("192.0.2.2").text(), "192.0.2.2", "{name}");
    }
}

#[test]
fn an_answer_that_differs_by_something_else_does_not_push_out_what_others_get() {
    // Many origins name `Origin` in `Vary` only where there is one.
    let cross_origin = Page::by(|seen| match seen.header("origin") {
        Some(origin) => scripts::with_headers(
            &[FRESH, ("Vary", "Origin"), ("Access-Control-Allow-Origin", origin)],
            "good",
        ),
        None => scripts::with_headers(&[FRESH], "good"),
    });
    let by_language = Page::by(|seen| match seen.header("x-beta") {
        Some(_) => scripts::with_headers(&[FRESH, ("Vary", "X-Beta")], "beta"),
        None => scripts::with_headers(&[FRESH, ("Vary", "Accept-Language")], "good"),
    });
    for (page, name) in [(&cross_origin, "Origin"), (&by_language, "X-Beta")] {
        store(page);
        quick().get(page).with(name, "https://evil.example").with("Cache-Control", "no-cache").send();
    }
    settle();
    for (page, name) in [(&cross_origin, "Origin"), (&by_language, "X-Beta")] {
        down(page);
        let answer = visitor(page);
        assert_eq!((answer.status(), answer.text().as_str()), (200, "good"), "{name}");
    }
}

#[test]
fn a_variant_that_may_not_be_stored_takes_no_other_with_it() {
    let page = Page::by(|seen| match seen.header("accept") {
        Some("application/json") => {
            scripts::with_headers(&[("Vary", "Accept"), ("Cache-Control", "no-store")], "{}")
        }
        _ => scripts::with_headers(&[("Vary", "Accept"), FRESH], "good"),
    });
    store(&page);
    quick().get(&page).with("Accept", "application/json").send().is(200, "{}");
    settle();
    down(&page);
    assert_eq!(visitor(&page).text(), "good");
}

#[test]
fn no_way_of_writing_a_prohibition_hides_it() {
    let rows = [
        "Cache-Control: private, max-age=600\r\nConnection: cache-control",
        "Cache-Control: no-store\r\nConnection: close, Cache-Control",
        "Set-Cookie: sid=alice\r\nCache-Control: max-age=600\r\nConnection: set-cookie",
        "Vary: *\r\nCache-Control: max-age=600\r\nConnection: vary",
        "CACHE-CONTROL: PRIVATE, MAX-AGE=600",
        "cAcHe-CoNtRoL: nO-sToRe, max-age=600",
        "sEt-cOOKIE: sid=alice\r\ncache-control: max-age=600",
        "Cache-Control: public, max-age=600\r\nCache-Control: no-store",
        "Cache-Control: no-store\r\nCache-Control: public, max-age=600",
        "Cache-Control: public, max-age=600\r\nX-A: b\r\ncache-control: private",
        "Cache-Control: max-age=600,private",
        "Cache-Control: max-age=600 ,\tprivate",
        "Cache-Control: ,,private,, max-age=600",
        "Cache-Control: x=\"unclosed, private, max-age=600",
        "Cache-Control: private=\"x-a\", max-age=600",
        "Cache-Control: private=, max-age=600",
        "Cache-Control: private , max-age=600",
        "Cache-Control: max-age=600, private, x=\"\u{1}\"",
        "Cache-Control: max-age=600\r\nCache-Control: no-store, x=\"\u{7f}\"",
        "Set-Cookie: sid=alice\u{1}\r\nCache-Control: max-age=600",
        "Cache-Control: public, max-age=600\r\nVary: Cookie, \u{1}",
        "Cache-Control: max-age=600,\r\n private",
        "Cache-Control: max-age=600\r\nVary: Accept,*",
        "Cache-Control: max-age=600\r\nVary: Accept\r\nvary: *",
        "Cache-Control: max-age=600\r\nVary: (",
        "CDN-Cache-Control: no-store\r\nCache-Control: public, max-age=600",
        "CDN-Cache-Control: max-age=600\r\nCDN-Cache-Control: private",
    ];
    let pages = rows.map(|fields| {
        let body = "hello alice";
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let page = Page::new([scripts::raw(head)]);
        quick().get(&page).send();
        down(&page);
        (fields, page)
    });
    settle();
    let shown = pages.iter().filter(|(_, page)| visitor(page).text().contains("alice"));
    let shown: Vec<_> = shown.map(|(fields, _)| fields).collect();
    assert!(shown.is_empty(), "{shown:#?}");
}

#[test]
fn lifetimes_that_contradict_each_other_make_nothing_fresh() {
    // RFC 9111 §4.2.1
    let rows = [
        "Cache-Control: max-age=600, max-age=0",
        "Cache-Control: max-age=0\r\nCache-Control: max-age=600",
        "Cache-Control: max-age=600\r\ncache-control: max-age=60",
        "Cache-Control: s-maxage=600, s-maxage=1, max-age=600",
        "Cache-Control: max-age=600, max-age=x",
        "Cache-Control: max-age=\"600",
        "Cache-Control: max-age=600\r\nAge: 600",
        "Expires: Fri, 01 Jan 2038 00:00:00 GMT\r\nExpires: 0",
    ];
    let pages = rows.map(|fields| {
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: 3\r\n\r\nold");
        let page = Page::new([scripts::raw(head)]);
        visitor(&page).is(200, "old");
        page.now([scripts::ok("new")]);
        (fields, page)
    });
    settle();
    for (fields, page) in &pages {
        assert_eq!(visitor(page).text(), "new", "{fields}");
    }
}

#[test]
fn a_link_from_a_campaign_is_not_the_page_for_others() {
    // Not in the key: `cache.ignore_query_always`.
    let always = edge(&overlay(ALWAYS));
    for (query, is_shared) in [
        ("?utm_source=evil", true),
        ("?utm_source=%3Cevil%3E", false),
        ("?utm_source='evil", false),
        ("?utm_source=//evil", false),
        ("?utm_source=;x=evil", false),
        ("?%75tm_source=evil", false),
        ("?", false),
    ] {
        let page = Page::by(|seen| scripts::with_headers(&[FRESH], seen.target.as_str()));
        let ask = |query: &str| always.call("GET", &format!("{}{query}", page.path)).send();
        let poisoned = sendable(&format!("{}{query}", page.path));
        always.call("GET", &poisoned).send();
        settle();
        let text = ask("").text();
        assert_eq!(text != page.path, is_shared, "{query}: {text}");
    }
    let page = Page::by(|seen| match seen.target.contains('?') {
        true => scripts::answer("301 Moved Permanently", &[FRESH, ("Location", seen.path())], ""),
        false => scripts::with_headers(&[FRESH], "page"),
    });
    always.call("GET", &format!("{}?utm_source=x", page.path)).send();
    settle();
    always.get(&page).send().is(200, "page");
}
