//! What the build says of catalogues that it cannot use.

use std::collections::BTreeMap;

#[path = "../../build.rs"]
#[allow(dead_code, reason = "the build script is a program of its own")]
mod build;

const ENGLISH: &str = "# A comment.\nlanguage = English\ndirection = ltr\nlead = The server of { $site } is slow.\nagain = Try again\n";

/// What the build says of these catalogues beside the English one.
fn mistakes(others: &[(&str, &str)]) -> Vec<String> {
    let sources: BTreeMap<_, _> = others
        .iter()
        .chain(&[("en", ENGLISH)])
        .map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned()))
        .collect();
    build::generated(&sources).err().unwrap_or_default()
}

const GERMAN: &str = "language = Deutsch\ndirection = ltr\nlead = Der Server von { $site } ist langsam.\nagain = Noch einmal\n";

#[test]
fn whole_catalogues_are_taken() {
    assert_eq!(mistakes(&[("de", GERMAN)]), [""; 0]);
}

#[test]
fn a_missing_message_fails_the_build_and_is_named() {
    let text = GERMAN.replace("again = Noch einmal\n", "");
    assert_eq!(mistakes(&[("de", &text)]), ["de.ftl: again is missing; in English it is: Try again"]);
}

#[test]
fn every_other_mistake_fails_the_build_too() {
    for (from, to, expected) in [
        (
            "{ $site }",
            "der Website",
            "de.ftl: lead needs the same placeholders as in English: The server of {site} is slow.",
        ),
        (
            "{ $site }",
            "{ $when }",
            "de.ftl: lead needs the same placeholders as in English: The server of {site} is slow.",
        ),
        (
            "again =",
            "agian =",
            "de.ftl: again is missing; in English it is: Try again|de.ftl: agian is not a message of en.ftl",
        ),
        (
            "Noch einmal",
            "{ NUMBER(1) }",
            "de.ftl: again: only the placeholders { $site } and { $when } are understood|de.ftl: again: a text on one line is accepted",
        ),
        ("ltr", "left", "de.ftl: direction = left: ltr or rtl is accepted"),
        ("Noch einmal", "Noch\n    einmal", "de.ftl: again: a text on one line is accepted"),
        ("again = Noch einmal", "again = Noch einmal\nagain = Wieder", "de.ftl: again stands there twice"),
        (
            "again = Noch einmal",
            "again = Noch einmal\n-brand = X",
            "de.ftl: -brand: terms are not understood",
        ),
    ] {
        assert_eq!(mistakes(&[("de", &GERMAN.replace(from, to))]).join("|"), expected, "{to}");
    }
    let unreadable = mistakes(&[("de", &GERMAN.replace("again =", "again"))]);
    assert!(unreadable[0].starts_with("de.ftl: line 4: "), "{unreadable:?}");
    assert_eq!(
        mistakes(&[("deutsch_at", GERMAN)]),
        ["deutsch_at.ftl: the file's name is not a language tag, such as de or zh-Hant"]
    );
    let without_english = BTreeMap::from([("de".to_owned(), GERMAN.to_owned())]);
    assert_eq!(build::generated(&without_english), Err(vec!["en.ftl: missing".to_owned()]));
}
