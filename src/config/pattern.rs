//! Patterns for hosts, paths and names. Does a text match one?

use crate::request::spelling;

/// Text in which each `*` matches any run of characters, even an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Parses a pattern.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` matches.
    #[inline(never)]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        rest.ends_with(last)
    }
}

/// A [`Pattern`] for paths, which matches a path as written or, in another form, as a server may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    written: Pattern,
    /// Only if it differs.
    folded: Option<Pattern>,
    ignores_case: bool,
}

impl PathPattern {
    /// Parses a pattern. `ignores_case`: whether servers ignore case in paths.
    pub fn new(text: impl Into<String>, ignores_case: bool) -> Self {
        let written = text.into();
        let mut folded = spelling::folded_pattern(&written);
        if ignores_case {
            folded.make_ascii_lowercase();
        }
        let folded = Some(folded).filter(|folded| ignores_case || *folded != written);
        Self { written: Pattern(written), folded: folded.map(Pattern), ignores_case }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        self.written.as_str()
    }

    /// Whether the whole of `path` matches as written.
    pub fn matches(&self, path: &str) -> bool {
        self.written.matches(path)
    }

    /// Whether the whole of `reading` matches; it is in the form of [`folded`](spelling::folded).
    pub fn fits(&self, reading: &str) -> bool {
        match &self.folded {
            Some(folded) if self.ignores_case => folded.matches(&reading.to_ascii_lowercase()),
            Some(folded) => folded.matches(reading),
            None => self.written.matches(reading),
        }
    }

    /// Whether the pattern reads the same in folded form.
    pub fn is_folded(&self) -> bool {
        self.folded.is_none()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text, fits) in [
            ("/api/*", "/api/", true),
            ("/api/*", "/api/a/b", true),
            ("/api/*", "/api", false),
            ("/a*/c", "/a/b/c", true),
            ("/a*/c", "/a/b/cd", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("*.example.com", "example.com", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), fits, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_without_a_star_fits_itself_alone(text in "[a-c/]{0,8}", other in "[a-c/]{0,8}") {
            prop_assert_eq!(Pattern::new(&*text).matches(&other), text == other);
        }

        #[test]
        fn filling_the_stars_gives_a_text_that_fits(parts in prop::collection::vec("[ab]{0,3}", 1..5), fill in "[ab]{0,3}") {
            prop_assert!(Pattern::new(parts.join("*")).matches(&parts.join(&fill)));
        }
    }
}
