//! Spellings of a path. As which paths may a server read this one (RFC 3986 §3.3, §5.2.4)?
//!
//! Servers decode, merge slashes, treat backslashes as slashes, resolve dot segments and drop parameters, each in its
//! own way and some one behind another. The path is forwarded unchanged, and so is its key. But a restriction on a
//! path must hold for all paths that may be read as that one ([`policy`](crate::policy)), and so must a purge
//! ([`purge`](crate::cache::purge)).

use std::borrow::Cow;

/// The possible readings of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readings {
    /// In the form of [`folded`]: the path, the path without parameters, and both with their dot segments resolved.
    pub paths: Vec<String>,
    /// Whether full decoding reveals a dot segment. Chained servers may resolve some of them only, so any path is
    /// possible. No browser sends dot segments.
    pub may_be_any: bool,
}

impl Readings {
    /// The readings of `path`, which is percent-encoded and begins with `/`.
    pub fn of(path: &str) -> Self {
        let folded = fold(path, Fold::Whole);
        let mut paths = Vec::with_capacity(2);
        if folded.contains(';') {
            // Some servers drop parameters before they decode. Behind a proxy that decodes, they get more parameters.
            paths.push(fold(path, Fold::WithoutParameters));
            paths.push(fold(&folded, Fold::WithoutParameters));
        }
        paths.push(folded);
        let resolved: Vec<_> =
            paths.iter().filter(|path| has_dot_segments(path)).map(|path| resolved(path)).collect();
        let may_be_any = !resolved.is_empty();
        paths.extend(resolved);
        Self { paths, may_be_any }
    }
}

/// Whether `path` is in the form of [`folded`] and all servers read it alike.
pub fn is_plain(path: &str) -> bool {
    let bytes = path.as_bytes();
    let is_odd = |(at, byte): (usize, &u8)| match byte {
        b'\\' | b';' | b'*' => true,
        b'/' => bytes.get(at + 1) == Some(&b'/'),
        // An escape of a non-ASCII byte, in the form that browsers write.
        b'%' => {
            !matches!(bytes.get(at + 1..at + 3), Some([b'8' | b'9' | b'A'..=b'F', low]) if is_upper_hex(*low))
        }
        _ => false,
    };
    !bytes.iter().enumerate().any(is_odd) && !has_dot_segments(path)
}

fn is_upper_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}

/// One text for all spellings of a path that differ by encoding (even repeated), slashes or backslashes. Escapes of
/// non-ASCII bytes stay, in upper case, and so do those of `*`, `?` and `#`, which would change the meaning.
/// Idempotent.
pub fn folded(path: &str) -> Cow<'_, str> {
    if is_plain(path) { Cow::Borrowed(path) } else { Cow::Owned(fold(path, Fold::Whole)) }
}

/// [`folded`] for a pattern, in which each `*` matches any run of characters.
pub fn folded_pattern(pattern: &str) -> String {
    fold(pattern, Fold::Pattern)
}

/// The part of a path to fold.
#[derive(Clone, Copy, PartialEq)]
enum Fold {
    Whole,
    /// Each segment up to its first `;` (RFC 3986 §3.3).
    WithoutParameters,
    Pattern,
}

fn fold(path: &str, what: Fold) -> String {
    let mut text = String::with_capacity(path.len());
    let mut is_left_out = false;
    for char in path.chars() {
        match char {
            '/' => is_left_out = false,
            ';' if what == Fold::WithoutParameters => is_left_out = true,
            _ => {}
        }
        match char {
            _ if is_left_out => {}
            '*' if what == Fold::Pattern => text.push('*'),
            char => add(&mut text, char),
        }
    }
    text
}

/// Appends `char` to a folded text. An escape that it completes is decoded, which may complete another one.
fn add(text: &mut String, mut char: char) {
    loop {
        match char {
            '/' | '\\' if text.ends_with('/') => return,
            '/' | '\\' => return text.push('/'),
            '*' => return text.push_str("%2A"),
            char => text.push(char),
        }
        let [.., b'%', high, low] = text.as_bytes() else { return };
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let (Some(high), Some(low)) = (digit(high), digit(low)) else { return };
        let at = text.len() - 3;
        match u8::try_from(high << 4 | low) {
            Ok(byte) if byte.is_ascii() && !matches!(byte, b'*' | b'?' | b'#') => {
                text.truncate(at);
                char = byte.into();
            }
            Ok(_) | Err(_) => {
                if let Some(escape) = text.get_mut(at..) {
                    escape.make_ascii_uppercase();
                }
                return;
            }
        }
    }
}

/// `path` with its dot segments resolved (RFC 3986 §5.2.4).
fn resolved(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut is_dots = false;
    for segment in path.split('/').skip(1) {
        is_dots = matches!(segment, "." | "..");
        match segment {
            ".." => text.truncate(text.rfind('/').unwrap_or_default()),
            "." => {}
            segment => {
                text.push('/');
                text.push_str(segment);
            }
        }
    }
    if is_dots || text.is_empty() {
        text.push('/');
    }
    text
}

fn has_dot_segments(path: &str) -> bool {
    path.contains("/.") && path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn readings(path: &str) -> Vec<String> {
        Readings::of(path).paths
    }

    #[test]
    fn all_spellings_of_a_path_are_read_as_it() {
        for path in [
            "/account/x",
            "//account/x",
            "/account//x",
            "///account/////x",
            "/account%2fx",
            "/account%2Fx",
            "/account%2f/x",
            "/%61ccount/x",
            "/%61%63%63%6F%75%6e%74/%78",
            "/account\\x",
            "\\account%5cx",
            "/account%5C%2f%5cx",
            "/account%252fx",
            "/account%25252525252fx",
            "/%2561ccount/x",
            "/%%36%31ccount/x",
            "/%2%35%36%31ccount/x",
            "/account;id=1/x",
            "/account/x;",
            "/account/x;a=b;c",
            "/;/account/x",
            "/account%3bid=1/x",
            "/account/x%253Ba",
            "/account;a%2fb/x",
        ] {
            let readings = Readings::of(path);
            assert!(readings.paths.iter().any(|path| path == "/account/x"), "{path}: {readings:?}");
            assert!(!readings.may_be_any, "{path}");
        }
    }

    #[test]
    fn what_has_a_dot_segment_once_it_is_decoded_may_be_any_path() {
        for path in [
            "/x%2f..%2faccount/",
            "/x/..%2faccount/",
            "/x/%2e%2e%2faccount",
            "/x/%252e%252e/account",
            "/x%5c..%5caccount",
            "/x/..;/account/",
            "/x/..;a=b/account/",
            "/x/.%3b/account/",
            "/account/%2e%2f",
            "/%2e%2e",
            "/x/..",
        ] {
            assert!(Readings::of(path).may_be_any, "{path}");
        }
        for path in ["/.well-known/x", "/a..b/", "/.../x", "/a/..b", "/a/b..", "/x;../y", "/x%2e%2e/y"] {
            assert!(!Readings::of(path).may_be_any, "{path}");
        }
    }

    #[test]
    fn dot_segments_are_resolved_and_left() {
        for (path, resolved) in [
            ("/x/..%2faccount/y", "/account/y"),
            ("/x%2f%2e%2e%5caccount/y", "/account/y"),
            ("/x/..;a=b/account/y", "/account/y"),
            ("/x/.%2f/y", "/x/y"),
            ("/x/y/%2e%2e%2f", "/x/"),
            ("/x/y%2f..", "/x/"),
            ("/x/y%2f.", "/x/y/"),
            ("/%2e%2e%2f..%2f", "/"),
            ("/x%2f..%2f..%2fy", "/y"),
        ] {
            let readings = readings(path);
            assert!(readings.iter().any(|path| path == resolved), "{path}: {readings:?}");
            assert!(readings.contains(&folded(path).into_owned()), "{path}: {readings:?}");
        }
    }

    #[test]
    fn what_browsers_send_is_mostly_read_as_it_is_written() {
        for path in [
            "/",
            "/a/b.html",
            "/caf%C3%A9/",
            "/a:b@c,d!$&'()+=~_-",
            "/.well-known/a",
            "/%F0%9F%98%80",
            "/a..b",
        ] {
            assert!(is_plain(path), "{path}");
            assert_eq!(readings(path), [path]);
        }
        for (path, read) in [
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/a%20b", "/a b"),
            ("/100%", "/100%"),
            ("/100%25", "/100%"),
            ("/a%3fb%23", "/a%3Fb%23"),
            ("/a*b", "/a%2Ab"),
            ("/a%2ab", "/a%2Ab"),
        ] {
            assert!(!is_plain(path), "{path}");
            assert_eq!(readings(path), [read]);
        }
    }

    #[test]
    fn a_pattern_fits_what_it_fits_in_any_spelling() {
        for (pattern, folded) in [
            ("/account/*", "/account/*"),
            ("*.php", "*.php"),
            ("//a%20b/*/%61*", "/a b/*/a*"),
            ("/caf%c3%a9/*", "/caf%C3%A9/*"),
            ("/a%2a", "/a%2A"),
        ] {
            assert_eq!(folded_pattern(pattern), folded);
        }
    }

    #[test]
    fn a_long_path_takes_no_longer_than_its_length() {
        let nested = format!("/{}1", "%3".repeat(100_000));
        assert_eq!(folded(&nested), "/1");
        let deep = format!("/%{}41", "25".repeat(100_000));
        assert_eq!(folded(&deep), "/A");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(path in "/([%/\\\\;*?.234567AaFfé]|%[2-7][0-9a-f]|\\PC){0,24}") {
            let once = folded(&path).into_owned();
            prop_assert_eq!(folded_pattern(&once), folded(&once));
            prop_assert_eq!(folded(&once), once.as_str());
        }

        #[test]
        fn encoding_a_path_once_more_changes_nothing(path in "/[a-z/;.%]{0,12}", which in any::<u32>()) {
            let mut encoded = String::new();
            for (at, byte) in path.bytes().enumerate() {
                if which >> (at % 32) & 1 == 1 && at > 0 {
                    encoded.push_str(&format!("%{byte:02x}"));
                } else {
                    encoded.push(byte.into());
                }
            }
            prop_assert_eq!(folded(&encoded), folded(&path));
        }

        #[test]
        fn any_path_can_be_read(path in "/([a-c/.;*\\\\%]|%2[eEfF5]|%5c|\\PC){0,12}") {
            let Readings { paths, may_be_any } = Readings::of(&path);
            prop_assert!(paths.iter().all(|path| path.starts_with('/') && !path.contains("//")), "{:?}", paths);
            prop_assert!(!may_be_any || paths.iter().any(|path| !has_dot_segments(path)), "{:?}", paths);
        }

        #[test]
        fn what_is_plain_is_read_as_it_is_written(path in "/([a-c/.;*\\\\]|%[2-9A-Fa-f][0-9A-Fa-f]){0,8}") {
            if is_plain(&path) {
                let readings = Readings::of(&path);
                prop_assert_eq!(readings.paths, [path.as_str()]);
                prop_assert!(!readings.may_be_any);
            }
        }
    }
}
