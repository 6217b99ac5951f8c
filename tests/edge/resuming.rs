//! Large bodies that break off in mid-stream, and are resumed from where they stopped.

use std::thread;
use std::time::Duration;

use base64::Engine as _;
use faulty_origin::{Script, Seen, Step, scripts};
use sha2::{Digest as _, Sha256, Sha512};

use crate::client::End;
use crate::harness::{LARGE, Page, quick, settle};

const TAG: (&str, &str) = ("ETag", "\"v1\"");
const RANGES: (&str, &str) = ("Accept-Ranges", "bytes");

/// Bytes that differ everywhere, so that a wrong seam shows.
fn content(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Where a request wants the body to begin.
fn start_of(seen: &Seen) -> usize {
    let range = seen.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    range.map_or(0, |start| start.parse().unwrap())
}

/// The rest of `whole` from where it is asked for, broken off at the next of `tears`.
fn torn(seen: &Seen, whole: &[u8], tears: &[usize], fields: &[(&str, &str)]) -> Script {
    let (start, total) = (start_of(seen), whole.len());
    let end = tears.iter().copied().find(|tear| *tear > start).unwrap_or(total);
    let range = format!("bytes {start}-{}/{total}", total - 1);
    let mut fields = fields.to_vec();
    if start > 0 {
        assert_eq!(seen.header("if-range"), Some("\"v1\""));
        fields.push(("Content-Range", &range));
    }
    let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
    let [head, ..] = &scripts::head_only(status, &fields, total - start)[..] else { panic!("a head") };
    vec![head.clone(), Step::Send(whole[start..end].to_vec()), Step::Close]
}

fn torn_page(
    length: usize,
    tears: &'static [usize],
    fields: &'static [(&'static str, &'static str)],
) -> (Page, Vec<u8>) {
    let whole = content(length);
    let page = Page::by({
        let whole = whole.clone();
        move |seen| torn(seen, &whole, tears, fields)
    });
    (page, whole)
}

#[test]
fn a_download_of_50_mb_that_tears_at_five_places_arrives_whole() {
    const MB: usize = 1_000_000;
    const TEARS: &[usize] = &[1, 7 * MB + 3, 20 * MB, 33 * MB + 65_536, 49_999_999];
    let (page, whole) = torn_page(50 * MB, TEARS, &[TAG, RANGES]);
    let answer = quick().get(&page).send();
    assert_eq!((answer.status(), &answer.end), (200, &End::Whole));
    assert_eq!(answer.header("content-length"), Some("50000000"));
    assert!(answer.body == whole, "the bytes differ");
    assert_eq!(page.attempts(), 6);
    println!("50 MB, torn at {TEARS:?}: {} requests, {:?}", page.attempts(), answer.took);
    let line = quick().log_of(&page.path);
    assert_eq!((&line["resumed"], &line["body"]), (&5.into(), &serde_json::Value::Null), "{line}");
}

#[test]
fn what_was_resumed_is_stored_whole() {
    const TEARS: &[usize] = &[10_000, 40_000];
    let (page, whole) = torn_page(LARGE, TEARS, &[TAG, RANGES, ("Cache-Control", "max-age=600")]);
    assert!(quick().get(&page).send().body == whole);
    settle();
    let answer = quick().get(&page).send();
    assert!(answer.body == whole);
    assert_eq!(page.attempts(), 3, "the second came from the store");
}

#[test]
fn a_body_that_falls_silent_is_resumed() {
    let whole = content(LARGE);
    let page = Page::by({
        let whole = whole.clone();
        move |seen| match start_of(seen) {
            0 => {
                let mut steps = scripts::head_only("200 OK", &[TAG, RANGES], whole.len());
                steps.truncate(1);
                steps.extend([Step::Send(whole[..30_000].to_vec()), Step::Hang]);
                steps
            }
            _ => torn(seen, &whole, &[], &[TAG, RANGES]),
        }
    });
    let answer = quick().get(&page).send();
    assert!(answer.body == whole && answer.end == End::Whole);
}

/// The head of a body of `length` bytes.
fn head(status: &str, fields: &[(&str, &str)], length: usize) -> Step {
    scripts::head_only(status, fields, length).swap_remove(0)
}

#[test]
fn a_body_whose_rest_does_not_begin_ends_once_that_was_silent_for_as_long_as_a_body_may_be() {
    let whole = content(LARGE);
    let range = format!("bytes 30000-{}/{LARGE}", LARGE - 1);
    let begun = head("206 Partial Content", &[TAG, ("Content-Range", &range)], LARGE - 30_000);
    // `timeouts.idle` is 2 s.
    let (silent, torn) = (Step::Hang, Step::Close);
    let cases = [
        (&silent, vec![Step::Hang], 4, "connection_read_timeout"),
        (&silent, vec![begun.clone(), Step::Hang], 4, "connection_read_timeout"),
        (&torn, vec![Step::Hang], 2, "http_response_incomplete"),
        (&torn, vec![begun, Step::Hang], 2, "connection_read_timeout"),
    ];
    thread::scope(|scope| {
        for (end, rest, seconds, logged) in &cases {
            let first = vec![
                head("200 OK", &[TAG, RANGES], LARGE),
                Step::Send(whole[..30_000].to_vec()),
                (*end).clone(),
            ];
            scope.spawn(move || {
                let rest = rest.clone();
                let page =
                    Page::by(move |seen| if start_of(seen) == 0 { first.clone() } else { rest.clone() });
                let answer = quick().get(&page).send();
                assert_eq!(answer.body.len(), 30_000, "{end:?} {seconds}");
                assert_ne!(answer.end, End::Whole);
                let expected = Duration::from_secs(*seconds);
                let took = answer.took;
                assert!(took >= expected && took < expected + Duration::from_secs(3), "{end:?} {took:?}");
                assert_eq!(quick().log_of(&page.path)["body"], **logged, "{end:?} {seconds}");
            });
        }
    });
}

#[test]
fn a_fast_download_that_tears_in_its_middle_arrives_whole() {
    // It tears there again, so that what was lost in the first tear takes a request of its own.
    const TEARS: &[usize] = &[10_000_003];
    for fields in [&[TAG, RANGES][..], &[TAG, RANGES, ("Cache-Control", "max-age=600")]] {
        let (page, whole) = torn_page(20_000_000, TEARS, fields);
        let answer = quick().get(&page).send();
        assert_eq!((answer.status(), &answer.end), (200, &End::Whole));
        assert!(answer.body == whole, "the bytes differ");
        assert!((2..=3).contains(&page.attempts()), "{} requests", page.attempts());
    }
}

#[test]
fn a_fast_body_that_becomes_slow_is_not_taken_for_silent() {
    const FAST: usize = 4_000_000;
    const PIECES: usize = 30;
    let whole = content(FAST + PIECES * 100);
    let slow = {
        let whole = whole.clone();
        move |fields: &[(&str, &str)]| {
            let mut steps = vec![head("200 OK", fields, whole.len()), Step::Send(whole[..FAST].to_vec())];
            for piece in whole[FAST..].chunks(100) {
                steps.extend([Step::Pause(Duration::from_millis(200)), Step::Send(piece.to_vec())]);
            }
            steps.push(Step::KeepAlive);
            steps
        }
    };
    thread::scope(|scope| {
        for fields in [
            &[("Cache-Control", "max-age=600")][..],
            &[TAG, ("Cache-Control", "max-age=600")],
            &[TAG, RANGES],
            &[TAG, RANGES, ("Cache-Control", "max-age=600")],
        ] {
            let (slow, whole) = (slow.clone(), whole.clone());
            scope.spawn(move || {
                let page = Page::by({
                    let whole = whole.clone();
                    move |seen| {
                        if start_of(seen) == 0 { slow(fields) } else { torn(seen, &whole, &[], fields) }
                    }
                });
                let answer = quick().get(&page).send();
                assert_eq!((answer.status(), &answer.end), (200, &End::Whole), "{fields:?}");
                assert!(answer.body == whole, "the bytes differ: {fields:?}");
                assert_eq!(page.attempts(), 1, "{fields:?}");
            });
        }
    });
}

#[test]
fn a_body_is_resumed_only_where_the_rest_is_sure_to_be_the_same() {
    const TEARS: &[usize] = &[30_000];
    for fields in [
        &[RANGES][..],
        &[("ETag", "W/\"v1\""), RANGES],
        &[TAG],
        &[TAG, ("Accept-Ranges", "none")],
        &[TAG, RANGES, ("Content-Encoding", "br")],
    ] {
        let (page, whole) = torn_page(LARGE, TEARS, fields);
        let answer = quick().get(&page).send();
        assert_ne!(answer.end, End::Whole, "{fields:?}");
        assert!(whole.starts_with(&answer.body), "{fields:?}");
        assert_eq!(page.attempts(), 1, "{fields:?}");
        assert_eq!(quick().log_of(&page.path)["body"], "http_response_incomplete", "{fields:?}");
    }
}

/// A page whose first answer breaks off after 30,000 bytes, announced with its length or `chunked`, and whose rest is what
/// `part` makes of the place from which it is asked for.
fn continued(
    whole: &[u8],
    chunked: bool,
    fields: &[(&str, &str)],
    part: impl Fn(usize) -> Script + Send + Sync + 'static,
) -> Page {
    let head =
        |fields: &str| format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nAccept-Ranges: bytes\r\n{fields}\r\n");
    let own: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let begun = if chunked {
        let head = head(&format!("{own}Transfer-Encoding: chunked\r\n"));
        vec![Step::Send(head.into()), Step::Send(scripts::chunk(&whole[..30_000])), Step::Close]
    } else {
        let head = head(&format!("{own}Content-Length: {}\r\n", whole.len()));
        vec![Step::Send(head.into()), Step::Send(whole[..30_000].to_vec()), Step::Close]
    };
    Page::by(move |seen| match start_of(seen) {
        0 => begun.clone(),
        start => part(start),
    })
}

/// A 206 with `range` as its `Content-Range`, where `{}` is the first byte.
fn part(start: usize, range: &str, fields: &[(&str, &str)], bytes: &[u8]) -> Script {
    let range = range.replace("{}", &start.to_string());
    scripts::answer("206 Partial Content", &[fields, &[("Content-Range", &range)]].concat(), bytes)
}

#[test]
fn what_is_not_certain_to_be_the_rest_is_not_appended() {
    // RFC 9110 §14.4, §15.3.7.3
    const STORED: (&str, &str) = ("Cache-Control", "max-age=600");
    let (rest, other_total) = ("bytes {}-65535/65536", "bytes {}-65535/65537");
    type Fields = &'static [(&'static str, &'static str)];
    let parts: [(&str, Fields, &str); 10] = [
        ("another tag", &[("ETag", "\"v2\"")], rest),
        ("a weak tag", &[("ETag", "W/\"v1\"")], rest),
        ("no tag", &[("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")], rest),
        ("another whole", &[TAG], other_total),
        ("a whole of unknown length", &[TAG], "bytes {}-65535/*"),
        ("a coding", &[TAG, ("Content-Encoding", "gzip")], rest),
        ("several parts", &[TAG, ("Content-Type", "multipart/byteranges; boundary=x")], rest),
        ("an earlier place", &[TAG], "bytes 0-65535/65536"),
        ("a place too far", &[TAG], "bytes {}-65536/65536"),
        ("no place", &[TAG], "bytes */65536"),
    ];
    for chunked in [false, true] {
        for (what, fields, range) in parts {
            // Without an announced length nothing speaks against another one than the length itself.
            if chunked && range == other_total {
                continue;
            }
            let whole = content(LARGE);
            let page = continued(&whole, chunked, &[STORED], move |start| {
                part(start, range, fields, &vec![b'x'; LARGE - start])
            });
            let answer = quick().get(&page).send();
            assert_eq!(answer.body, whole[..30_000], "{what}, chunked: {chunked}");
            assert_ne!(answer.end, End::Whole, "{what}, chunked: {chunked}");
            assert_eq!(page.attempts(), 2, "{what}");
            assert_eq!(quick().log_of(&page.path)["body"], "http_response_incomplete", "{what}");
            settle();
            page.now([scripts::reset()]);
            assert_eq!(quick().get(&page).send().status(), 502, "nothing torn is stored: {what}");
        }
    }
}

#[test]
fn the_rest_may_come_in_several_parts() {
    let whole = content(LARGE);
    let page = continued(&whole, false, &[], {
        let whole = whole.clone();
        move |start| {
            let end = (start + 10_000).min(LARGE);
            part(start, &format!("bytes {{}}-{}/65536", end - 1), &[TAG], &whole[start..end])
        }
    });
    let answer = quick().get(&page).send();
    assert_eq!(answer.end, End::Whole);
    assert!(answer.body == whole, "the bytes differ");
    assert_eq!(quick().log_of(&page.path)["resumed"], 4);
}

#[test]
fn a_body_of_unknown_length_goes_on_and_is_as_long_as_its_parts_say() {
    let whole = content(LARGE);
    let stored = ("Cache-Control", "max-age=600");
    let rest = {
        let whole = whole.clone();
        move |start: usize| part(start, "bytes {}-65535/65536", &[TAG], &whole[start..])
    };
    let page = continued(&whole, true, &[stored], rest);
    assert!(quick().get(&page).send().body == whole);
    settle();
    page.now([scripts::reset()]);
    assert!(quick().get(&page).send().body == whole, "it is stored");

    // The next part says otherwise.
    let page = continued(&whole, true, &[stored], {
        let whole = whole.clone();
        move |start| match start {
            30_000 => part(start, "bytes {}-39999/65536", &[TAG], &whole[start..40_000]),
            _ => part(start, "bytes {}-65535/65537", &[TAG], &whole[start..]),
        }
    });
    assert_eq!(quick().get(&page).send().body, whole[..40_000]);
    settle();
    page.now([scripts::reset()]);
    assert_eq!(quick().get(&page).send().status(), 502, "nothing torn is stored");
}

#[test]
fn a_resumed_body_is_checked_against_its_digest() {
    // RFC 9530 §3
    let whole = content(LARGE);
    let digest = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let (sha256, sha512) = (digest(&Sha256::digest(&whole)), digest(&Sha512::digest(&whole)));
    let wrong = digest(&Sha256::digest(b"something else"));
    for (value, is_right, is_stored) in [
        (format!("sha-256=:{sha256}:"), true, true),
        (format!("sha-256=:{wrong}:, sha-512=:{sha512}:"), true, true),
        (format!("sha-256=:{wrong}:"), false, false),
        // It cannot be computed here.
        ("md5=:1B2M2Y8AsgTpgAmY7PhCfg==:".to_owned(), true, false),
    ] {
        let fields = [("Cache-Control", "max-age=600"), ("Repr-Digest", value.as_str())];
        let page = continued(&whole, false, &fields, {
            let whole = whole.clone();
            move |start| part(start, "bytes {}-65535/65536", &[TAG], &whole[start..])
        });
        let answer = quick().get(&page).send();
        assert_eq!((answer.end == End::Whole, answer.body == whole), (is_right, is_right), "{value}");
        assert!(whole.starts_with(&answer.body), "{value}");
        let line = quick().log_of(&page.path);
        assert_eq!((&line["resumed"], line["digest_mismatch"] == true), (&1.into(), !is_right), "{line}");
        assert_eq!(line["body"] == "http_response_incomplete", !is_right, "{line}");
        settle();
        page.now([scripts::reset()]);
        assert_eq!(quick().get(&page).send().status() == 200, is_stored, "{value}");
    }
}

#[test]
fn a_digest_says_nothing_of_what_came_in_one_piece() {
    let fields = [TAG, RANGES, ("Cache-Control", "max-age=600"), ("Repr-Digest", "sha-256=:AAAA:")];
    let page = Page::new([scripts::with_headers(&fields, content(LARGE)), scripts::reset()]);
    for _ in 0..2 {
        let answer = quick().get(&page).send();
        assert_eq!((answer.status(), &answer.end), (200, &End::Whole));
        assert!(answer.body == content(LARGE));
        settle();
    }
}

#[test]
fn what_has_changed_meanwhile_is_not_appended() {
    for changed in [
        scripts::with_headers(&[("ETag", "\"v2\""), RANGES], "x".repeat(LARGE)),
        scripts::answer("416 Range Not Satisfiable", &[("Content-Range", "bytes */5")], ""),
        scripts::answer("206 Partial Content", &[TAG, ("Content-Range", "bytes 0-9/10")], "0123456789"),
        scripts::answer("404 Not Found", &[], "gone"),
    ] {
        let whole = content(LARGE);
        let page = Page::by({
            let (whole, changed) = (whole.clone(), changed.clone());
            move |seen| match start_of(seen) {
                0 => torn(seen, &whole, &[30_000], &[TAG, RANGES]),
                _ => changed.clone(),
            }
        });
        let answer = quick().get(&page).send();
        assert_ne!(answer.end, End::Whole, "{changed:?}");
        assert!(whole.starts_with(&answer.body), "{changed:?}");
        settle();
        page.now([scripts::reset()]);
        assert_eq!(quick().get(&page).send().status(), 502, "nothing torn is stored: {changed:?}");
    }
}
