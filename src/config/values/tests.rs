use super::*;
use proptest::prelude::*;
use serde_json::json;

const ANY_DURATION: RangeInclusive<Duration> = Duration::ZERO..=Duration::MAX;

#[test]
fn durations_are_whole_numbers_with_a_unit() {
    for (written, millis) in [
        ("250ms", Some(250)),
        ("10s", Some(10_000)),
        ("5m", Some(300_000)),
        ("1h", Some(3_600_000)),
        ("1d", Some(86_400_000)),
        ("0s", Some(0)),
        ("0ms", Some(0)),
        ("007s", Some(7_000)),
        ("99999999999999999999999d", Some(u64::MAX)),
        ("10", None),
        ("s", None),
        ("", None),
        ("1.5s", None),
        ("-1s", None),
        ("+1s", None),
        ("1 s", None),
        (" 1s", None),
        ("1S", None),
        ("1sec", None),
        ("1m30s", None),
        ("١s", None),
    ] {
        let read = duration(ANY_DURATION)(&json!(written));
        assert_eq!(read.ok(), millis.map(Duration::from_millis), "{written:?}");
    }
    assert!(duration(ANY_DURATION)(&json!(10)).unwrap_err().contains("needs a unit"));
}

#[test]
fn sizes_are_whole_numbers_with_a_unit() {
    for (written, bytes) in [
        ("512B", Some(512)),
        ("64KiB", Some(65_536)),
        ("25MiB", Some(26_214_400)),
        ("0B", Some(0)),
        ("64", None),
        ("64KB", None),
        ("64kib", None),
        ("1GiB", None),
    ] {
        assert_eq!(size(0..=u64::MAX)(&json!(written)).ok(), bytes, "{written:?}");
    }
}

#[test]
fn bounds_belong_to_what_is_accepted() {
    let accept = duration(Duration::from_millis(1)..=Duration::from_secs(100));
    assert!(accept(&json!("1ms")).is_ok() && accept(&json!("100s")).is_ok());
    for written in ["0s", "101s", "2m", "-1s"] {
        assert_eq!(accept(&json!(written)).unwrap_err(), r#""1ms" to "100s" is accepted"#);
    }
    assert_eq!(size(0..=16 << 20)(&json!("17MiB")).unwrap_err(), r#""0B" to "16MiB" is accepted"#);
    for (written, fits) in [(json!(1), true), (json!(10), true), (json!(0), false), (json!(11), false)] {
        assert_eq!(count(1..=10)(&written).is_ok(), fits, "{written}");
    }
    for written in [json!(-1), json!(3.0), json!("3"), json!(null), json!(u64::MAX)] {
        assert!(count(1..=10)(&written).is_err(), "{written}");
    }
}

#[test]
fn shares_are_numbers_from_0_to_1() {
    for (written, parts) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("0.0", Some(0)),
        ("0.0001", Some(1)),
        ("0.0007", Some(7)),
        ("0.1", Some(1000)),
        ("1e-1", Some(1000)),
        ("0.3333", Some(3333)),
        ("1", Some(10_000)),
        ("1.0", Some(10_000)),
        ("0.00005", None),
        ("0.33333", None),
        ("1.0001", None),
        ("-0.1", None),
        ("2", None),
        ("10", None),
        ("1e300", None),
        (r#""0.1""#, None),
        (r#""10%""#, None),
        ("true", None),
        ("null", None),
    ] {
        let read = share(&serde_json::from_str(written).unwrap());
        assert_eq!(read.as_ref().ok(), parts.map(Share::in_10_000).as_ref(), "{written} {read:?}");
    }
    assert!(share(&json!("0.1")).unwrap_err().contains("without quotes"));
    assert!(share(&json!(0.00005)).unwrap_err().contains("four digits"));
}

#[test]
fn a_threshold_is_a_share_above_0() {
    for (written, accepted) in [
        (json!(0.0001), true),
        (json!(0.5), true),
        (json!(1), true),
        (json!(0), false),
        (json!(0.0), false),
        (json!(1.0001), false),
        (json!(-0.5), false),
        (json!("0.5"), false),
    ] {
        let read = share_above_zero(&written);
        assert_eq!(read.is_ok(), accepted, "{written}");
        assert!(read.err().is_none_or(|rule| rule.contains("above 0")), "{written}");
    }
    assert!(share_above_zero(&json!(0.00005)).unwrap_err().contains("four digits"));
}

#[test]
fn what_can_be_off_says_so() {
    let accept = duration_or_off(Duration::from_millis(1)..=Duration::from_secs(100));
    for (written, read) in [
        ("off", Ok(None)),
        ("1500ms", Ok(Some(Duration::from_millis(1500)))),
        ("0s", Err(r#""1ms" to "100s" is accepted, or "off""#.to_owned())),
    ] {
        assert_eq!(accept(&json!(written)), read);
    }
    for written in [json!("OFF"), json!(""), json!(false), json!(null), json!(0)] {
        assert!(accept(&written).unwrap_err().contains(r#"or "off""#), "{written}");
    }
}

#[test]
fn a_moment_has_a_date_a_time_and_an_offset() {
    let millis = |value: Value| moment(&value).map(Timestamp::as_millis);
    assert_eq!(millis(json!("2026-11-21T02:00:00+01:00")), Ok(1_795_222_800_000));
    for value in [json!("2026-11-21"), json!("2026-11-21T01:00:00"), json!(1_795_222_800), json!(null)] {
        assert!(millis(value).unwrap_err().starts_with("a date and time with \"Z\" or an offset"));
    }
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    for (written, url) in [
        ("https://origin.example.com", Some("https://origin.example.com/")),
        ("HTTPS://Origin.Example.com:443/", Some("https://origin.example.com/")),
        ("http://a:80", Some("http://a/")),
        ("http://a:443", Some("http://a:443/")),
        ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080/")),
        ("http://[0:0::1]:8080", Some("http://[::1]:8080/")),
        ("https://a_b.example", Some("https://a_b.example/")),
        ("origin.example.com", None),
        ("ftp://a", None),
        ("https://", None),
        ("https://a/b", None),
        ("https://a?b", None),
        ("https://a/?b", None),
        ("https://a#b", None),
        ("https://a//", None),
        ("https://me:secret@a", None),
        ("https://a:0", None),
        ("https://a:65536", None),
        ("https://a:", None),
        ("https://a:+1", None),
        ("https://a b", None),
        ("https://a..b", None),
        ("https://.a", None),
        ("https://bücher.example", None),
        ("https://1.2.3", None),
        ("https://0x7f.1", None),
        ("https://a.0x1", None),
        ("https://[::1", None),
        ("https://[::ffff:1.2.3.4]", None),
        ("https://::1", None),
    ] {
        let read = origin(&json!(written), &[]);
        assert_eq!(read.as_ref().ok().map(|origin| origin.url.as_str()), url, "{written:?} {read:?}");
    }
    let first = origin(&json!("https://a"), &[]).unwrap();
    assert!(origin(&json!("https://A:443/"), &[first]).unwrap_err().contains("already"));
}

#[test]
fn a_link_leads_to_a_page_or_a_mailbox() {
    for (written, web, mail) in [
        ("https://example.com/support?a=b#c", true, true),
        ("HTTP://example.com", true, true),
        ("mailto:help@example.com?subject=Down", false, true),
        ("mailto:help", false, false),
        ("javascript:alert(1)", false, false),
        ("https://", false, false),
        ("https:///a", false, false),
        ("https://a/\"onclick=", false, false),
        ("https://a/ b", false, false),
        ("https://me@a/", false, false),
        ("//example.com", false, false),
        ("/support", false, false),
        ("tel:123", false, false),
    ] {
        assert_eq!(web_link(&json!(written)).is_ok(), web, "{written}");
        assert_eq!(web_or_mail_link(&json!(written)).is_ok(), mail, "{written}");
    }
}

#[test]
fn a_star_for_cookies_stands_at_the_end_and_never_alone() {
    for (written, fits) in [
        ("_ga*", true),
        ("_gid", true),
        ("*", false),
        ("", false),
        ("**", false),
        ("a*b", false),
        ("*a", false),
        ("a;b", false),
        ("a=b", false),
    ] {
        assert_eq!(cookie(&json!(written), &[]).is_ok(), fits, "{written:?}");
    }
}

#[test]
fn a_star_for_names_in_a_query_stands_at_the_end() {
    for (written, fits) in [
        ("utm_*", true),
        ("_gl", true),
        ("filter[x]", true),
        ("*", true),
        ("", false),
        ("**", false),
        ("a*b", false),
        ("a=b", false),
        ("a&b", false),
        ("%61", false),
        ("a b", false),
        ("\u{e9}", false),
    ] {
        assert_eq!(query_name(&json!(written), &[]).is_ok(), fits, "{written:?}");
    }
}

#[test]
fn a_host_that_is_written_as_a_url_is_told_so() {
    for written in ["https://www.example.com", "www.example.com/", "/"] {
        assert!(host(&json!(written)).unwrap_err().contains("without scheme and path"), "{written:?}");
    }
    assert_eq!(host(&json!("WWW.example.com:8443")).unwrap(), "www.example.com:8443");
}

#[test]
fn routes_name_hosts_paths_and_methods_as_they_arrive() {
    for (written, fits) in [
        ("/api/*", true),
        ("*.php", true),
        ("/", true),
        ("api", false),
        ("", false),
        ("/a?b", false),
        ("/a b", false),
        ("/é", false),
        ("/%C3%A9", true),
    ] {
        assert_eq!(path_pattern(&json!(written)).is_ok(), fits, "{written:?}");
    }
    assert_eq!(host_pattern(&json!("*.Example.com")).unwrap().as_str(), "*.example.com");
    for written in ["https://a", "a:80", "a/b", "", "bücher.example"] {
        assert!(host_pattern(&json!(written)).is_err(), "{written:?}");
    }
    for (written, fits) in [("GET", true), ("M-SEARCH", true), ("get", false), ("", false), ("A B", false)] {
        assert_eq!(method(&json!(written), &[]).is_ok(), fits, "{written:?}");
    }
}

#[test]
fn a_name_can_stand_in_a_header_and_a_brand_on_a_page() {
    for (written, as_name, as_brand) in [
        ("Example", true, true),
        ("Example \"CDN\"", true, true),
        ("Bücher & <Söhne>", false, true),
        ("", false, false),
        (" ", false, false),
        (" a", false, true),
        ("a\nb", false, false),
        ("a\u{7f}", false, false),
    ] {
        assert_eq!(name(&json!(written)).is_ok(), as_name, "{written:?}");
        assert_eq!(brand(&json!(written)).is_ok(), as_brand, "{written:?}");
    }
    let long = |length| json!("é".repeat(length));
    assert!(brand(&long(80)).is_ok() && brand(&long(81)).is_err());
}

proptest! {
    #[test]
    fn a_duration_that_is_written_is_read_again(millis in any::<u64>()) {
        let span = Duration::from_millis(millis);
        prop_assert_eq!(duration(ANY_DURATION)(&json!(write_duration(span))), Ok(span));
    }

    #[test]
    fn a_size_that_is_written_is_read_again(bytes in any::<u64>()) {
        prop_assert_eq!(size(0..=u64::MAX)(&json!(write_size(bytes))), Ok(bytes));
    }

    #[test]
    fn round_amounts_are_read_again(count in 0u64..10_000, unit in 0usize..5) {
        let (_, factor) = DURATION_UNITS[unit];
        let span = Duration::from_millis(count * factor);
        prop_assert_eq!(duration(ANY_DURATION)(&json!(write_duration(span))), Ok(span));
    }

    #[test]
    fn no_text_breaks_a_parser(text in "\\PC{0,40}|[0-9]{0,25}[a-zA-Z]{0,3}|https?://[\\[\\]:@/?#a-z0-9.]{0,12}") {
        let value = json!(text);
        let _ = (duration(ANY_DURATION)(&value), size(0..=u64::MAX)(&value), name(&value), brand(&value));
        let _ = (web_link(&value), web_or_mail_link(&value), cookie(&value, &[]), method(&value, &[]));
        let _ = (host_pattern(&value), path_pattern(&value), share(&value));
        if let Ok(origin) = origin(&value, &[]) {
            prop_assert_eq!(origin.url.path_and_query(), "/");
            let again = json!(origin.url.as_str());
            prop_assert_eq!(super::origin(&again, &[]), Ok(origin));
        }
    }
}
