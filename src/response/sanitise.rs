//! Text from outside, made fit to be shown. What may an error page repeat of a request or of a setting?
//!
//! Nothing here escapes: the form that writes the text does that.

/// `text` without control characters and marks of text direction, cut to `longest` characters.
///
/// A direction mark could make the rest of the text read as something else.
pub(super) fn shown(text: &str, longest: usize) -> String {
    if text.len() <= longest && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let is_shown = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown: String = text.chars().filter(is_shown).take(longest + 1).collect();
    if let Some((end, _)) = shown.char_indices().nth(longest) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// Whether `url` may be the target of a link.
///
/// The configuration is checked for this too. A script in a link would do too much harm to rely on that alone.
pub(super) fn is_link(url: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|start| url.starts_with(start))
        && !url.chars().any(char::is_control)
}

/// Whether `id` can end a URN as it is (RFC 8141 §2).
pub(super) fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_without_what_could_change_how_it_reads() {
        for (text, longest, expected) in [
            ("plain", 5, "plain"),
            ("plain text", 5, "plain…"),
            ("größe", 5, "größe"),
            ("größer", 5, "größe…"),
            ("a\u{202e}b\u{2066}c\u{200f}d\u{feff}", 9, "abcd"),
            ("a\r\nb\0\u{1b}[31m", 9, "ab[31m"),
            ("", 0, ""),
        ] {
            assert_eq!(shown(text, longest), expected, "{text:?}");
        }
    }

    #[test]
    fn only_what_a_urn_may_end_with_is_a_plain_id() {
        // RFC 8141 §2
        for (id, is_plain) in [("8f2a-LHR", true), ("", false), ("a/b", false), ("a b", false), ("ä", false)]
        {
            assert_eq!(is_plain_id(id), is_plain, "{id:?}");
        }
    }
}
