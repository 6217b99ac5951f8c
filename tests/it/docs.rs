//! What the documents say is what the code does.

use std::fmt::Write;

use holdfast::origin::failure::{Elsewhere, Here, TABLE};

/// The table of failures as it stands in the README.
fn failures() -> String {
    let mut table = String::from(
        "| what happened | log: `failure` | `error` (RFC 9209) | status | again here | elsewhere | what to check first |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &TABLE {
        let here = match row.here {
            Here::Again => "yes",
            Here::Once => "once",
            Here::Never => "no",
        };
        let elsewhere = match row.elsewhere {
            Elsewhere::Again => "yes",
            Elsewhere::SafeMethods => "safe methods",
            Elsewhere::Never => "no",
        };
        let (word, error, status) = (row.word, row.error.token(), row.status.as_u16());
        writeln!(
            table,
            "| {} | `{word}` | `{error}` | {status} | {here} | {elsewhere} | {} |",
            row.what, row.check
        )
        .unwrap();
    }
    table
}

#[test]
fn the_readme_has_the_table_of_failures() {
    let readme = include_str!("../../README.md");
    let after = readme.split_once("<!-- failures: begin -->\n").unwrap().1;
    let there = after.split_once("<!-- failures: end -->").unwrap().0;
    let expected = failures();
    assert!(there == expected, "README.md should have between the two marks:\n{expected}");
}

#[test]
fn the_readme_has_every_field_of_the_log() {
    let readme = include_str!("../../README.md");
    let report = include_str!("../../src/report.rs");
    let fields = report
        .lines()
        .skip_while(|line| !line.starts_with("pub struct Report"))
        .take_while(|line| *line != "}")
        .filter_map(|line| line.trim().trim_start_matches("pub ").split_once(": "))
        .filter(|(name, _)| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    let mut count = 0;
    for (name, _) in fields {
        count += 1;
        assert!(readme.contains(&format!("| `{name}` |")), "the README says nothing of `{name}`");
    }
    assert!(count > 15, "the fields of the report were not found");
}
