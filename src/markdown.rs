//! Text in Markdown. How is a text from outside written, so that it stays text?

/// `text` with a backslash before everything that could be markup (CommonMark §2.4).
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '|' | '~' | '!') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("example.com/a-b"), "example.com/a-b");
        assert_eq!(escaped("[a](b) `c` <d> **e** _f_ &lt;"), r"\[a\](b) \`c\` \<d\> \*\*e\*\* \_f\_ \&lt;");
    }
}
