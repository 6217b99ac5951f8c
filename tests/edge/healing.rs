//! Large bodies that break off in mid-stream, and are taken up again from where they stopped.

use faulty_origin::{Script, Seen, Step, scripts};

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
fn what_was_taken_up_again_is_stored_whole() {
    const TEARS: &[usize] = &[10_000, 40_000];
    let (page, whole) = torn_page(LARGE, TEARS, &[TAG, RANGES, ("Cache-Control", "max-age=600")]);
    assert!(quick().get(&page).send().body == whole);
    settle();
    let answer = quick().get(&page).send();
    assert!(answer.body == whole);
    assert_eq!(page.attempts(), 3, "the second came from the store");
}

#[test]
fn a_body_that_falls_silent_is_taken_up_again() {
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

#[test]
fn a_body_is_taken_up_again_only_where_what_follows_is_sure_to_be_the_same() {
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

#[test]
fn what_has_changed_meanwhile_is_not_put_behind_what_was() {
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
