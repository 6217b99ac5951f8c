//! What the documents say is what the code does.

use std::fmt::Write;

use holdfast::health::runbook;
use holdfast::origin::Reach;
use holdfast::origin::failure::{Elsewhere, Failure, Here, TABLE};

/// The table of failures as docs/failures.md has it.
fn failures() -> String {
    let mut table = String::from(
        "| what happened | log: `failure` | `error` (RFC 9209) | status | again here | elsewhere | evidence about | what to check first |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
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
        let reach = match row.reach {
            Reach::Page => "the page",
            Reach::Origin => "the origin",
            Reach::Nothing => "nothing",
        };
        let (word, error) = (row.word, row.error.token());
        let status = if row.failure == Failure::CircuitOpen {
            "that of the failure that opened it".to_owned()
        } else {
            row.status.as_u16().to_string()
        };
        writeln!(
            table,
            "| {} | `{word}` | `{error}` | {status} | {here} | {elsewhere} | {reach} | {} |",
            row.failure.words().what,
            row.failure.words().check
        )
        .unwrap();
    }
    table
}

#[test]
fn the_documents_have_the_table_of_failures() {
    let document = include_str!("../../docs/failures.md");
    let after = document.split_once("<!-- failures: begin -->\n").unwrap().1;
    let there = after.split_once("<!-- failures: end -->").unwrap().0;
    let expected = failures();
    assert!(there == expected, "docs/failures.md should have between the two marks:\n{expected}");
}

/// The runbook as docs/operations.md has it.
fn runbook() -> String {
    let mut text = String::new();
    for entry in runbook::ENTRIES.iter().chain(&runbook::OWN) {
        let ends: Vec<_> = entry.ends.iter().map(|end| format!("`{end}`")).collect();
        write!(text, "\n### {}\n\n", ends.join(", ")).unwrap();
        for end in entry.ends {
            let (what, status) = (runbook::what(end).unwrap(), runbook::status(end).unwrap());
            writeln!(text, "- `{end}` ({status}): {what}").unwrap();
        }
        text.push('\n');
        for (number, cause) in (1..).zip(entry.causes) {
            let runbook::Cause { what, check, command } = cause;
            let command = if command.is_empty() { String::new() } else { format!("<br>`{command}`") };
            writeln!(text, "{number}. **{what}.** {check}{command}").unwrap();
        }
    }
    text
}

#[test]
fn the_operations_have_the_runbook() {
    let operations = include_str!("../../docs/operations.md");
    let after = operations.split_once("<!-- runbook: begin -->\n").unwrap().1;
    let there = after.split_once("<!-- runbook: end -->").unwrap().0;
    let expected = runbook();
    assert!(there == expected, "docs/operations.md should have between the two marks:\n{expected}");
}

#[test]
fn the_documents_have_every_field_of_the_log() {
    let document = include_str!("../../docs/log.md");
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
        assert!(document.contains(&format!("| `{name}` |")), "docs/log.md says nothing of `{name}`");
    }
    assert!(count > 15, "the fields of the report were not found");
}

#[test]
fn the_schema_of_the_log_has_the_new_words_and_none_of_the_old() {
    let document = include_str!("../../docs/log.md");
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../docs/log.schema.json")).unwrap();
    let fields = &schema["properties"];
    assert_eq!(fields["v"]["const"], holdfast::report::SCHEMA);
    let after = document.split_once("| where | 1 | 2 |\n").unwrap().1;
    let rows = after.lines().skip(1).take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        count += 1;
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, place, old, new, _] = cells[..] else { panic!("{row}") };
        let has = |word: &str| match place {
            "a field" => fields.get(word).is_some(),
            // These have no list in the schema.
            "not_stored" => holdfast::cache::doubt::Doubt::ALL.iter().any(|doubt| doubt.word() == word),
            place => fields[place]["enum"].as_array().unwrap().iter().any(|known| known == word),
        };
        assert!(has(new) && !has(old), "{row}");
    }
    assert_eq!(count, 10);
}

/// The anchor that a renderer of Markdown gives a heading.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The targets of the links in `text`.
fn links_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = std::fs::read_dir(root.join("docs")).unwrap().chain(std::fs::read_dir(root).unwrap());
    let documents = documents.map(|entry| entry.unwrap().path());
    let mut count = 0;
    for document in documents.filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in links_in(&text).filter(|link| !link.contains(':')) {
            count += 1;
            let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { document.clone() } else { document.with_file_name("").join(file) };
            let from = document.display();
            assert!(target.exists(), "{from}: no file for {link}");
            let headings = std::fs::read_to_string(&target).unwrap_or_default();
            let mut headings = headings.lines().filter(|line| line.starts_with('#'));
            let is_there = headings.any(|line| anchor(line.trim_start_matches('#').trim()) == wanted);
            assert!(wanted.is_empty() || is_there, "{from}: no heading for {link}");
        }
    }
    assert!(count > 50, "the links were not found");
}

/// The documents of the project: each path, as links write it from the root, and its text.
fn documents() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["", "docs/"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let name = format!("{folder}{}", path.file_name().unwrap().display());
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn every_document_is_reached_from_the_readme() {
    let documents = documents();
    let mut reached = vec!["README.md".to_owned()];
    let mut next = 0;
    while let Some(from) = reached.get(next).cloned() {
        next += 1;
        let Some((_, text)) = documents.iter().find(|(name, _)| *name == from) else { continue };
        for link in links_in(text).filter(|link| !link.contains(':')) {
            let file = link.split('#').next().unwrap();
            let target = match from.strip_prefix("docs/") {
                Some(_) => file.strip_prefix("../").map_or_else(|| format!("docs/{file}"), str::to_owned),
                None => file.to_owned(),
            };
            if !reached.contains(&target) {
                reached.push(target);
            }
        }
    }
    let lost: Vec<_> =
        documents.iter().filter(|(name, _)| !reached.contains(name)).map(|(name, _)| name).collect();
    assert!(documents.len() > 15 && lost.is_empty(), "nothing leads to {lost:?}");
}

#[test]
fn what_holds_without_a_setting_is_told_in_one_place() {
    let configuration = include_str!("../../docs/configuration.md");
    let (_, after) = configuration.split_once("\n## Every key\n").unwrap();
    let rows = after.split("\n## ").next().unwrap().lines().filter_map(|line| line.strip_prefix("| `"));
    let keys: Vec<_> = rows.filter_map(|row| row.split('`').next()).filter(|key| key.contains('.')).collect();
    assert!(keys.len() > 60, "the keys were not found");
    let mut twice = Vec::new();
    for (name, text) in documents() {
        if ["docs/configuration.md", "CHANGELOG.md"].contains(&name.as_str()) {
            continue;
        }
        for sentence in text.replace('\n', " ").split(". ") {
            let names_one = keys.iter().any(|key| sentence.contains(&format!("`{key}`")));
            if names_one
                && ["default)", "by default", "defaults to"].iter().any(|word| sentence.contains(word))
            {
                twice.push(format!("{name}: {sentence}"));
            }
        }
    }
    assert!(twice.is_empty(), "docs/configuration.md alone says what holds by default: {twice:#?}");
}

/// The words that follow `command` wherever it stands in the documents, each with its document.
fn words_after(command: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, text) in documents() {
        let text = text.replace('\n', " ");
        for after in text.split(command).skip(1) {
            let word = after.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default();
            // Some sentences speak of the command line as a whole.
            if !word.is_empty() {
                found.push((name.clone(), word.to_owned()));
            }
        }
    }
    found
}

#[test]
fn the_commands_that_the_documents_name_are_there() {
    let package = include_str!("../../npm/cli/holdfast.js");
    let helped: Vec<_> =
        package.lines().filter_map(|line| line.strip_prefix("  npx holdfast ")?.split(' ').next()).collect();
    assert!(helped.len() > 5, "the commands were not found");
    let named = words_after("npx holdfast ");
    for (document, word) in &named {
        assert!(word == "help" || helped.contains(&word.as_str()), "{document}: npx holdfast {word}");
    }
    for command in helped {
        let is_explained = |(document, word): &(String, String)| document == "docs/npm.md" && word == command;
        assert!(named.iter().any(is_explained), "docs/npm.md says nothing of npx holdfast {command}");
    }
    let xtask = include_str!("../../xtask/src/main.rs");
    let named = words_after("cargo xtask ");
    assert!(named.len() > 30, "the commands were not found");
    for (document, word) in named {
        let variant: String = word.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect();
        let is_there = [" {", "(", ","].iter().any(|end| xtask.contains(&format!("\n    {variant}{end}")));
        assert!(is_there, "{document}: cargo xtask {word}");
    }
}

/// The names of the tests in `text`.
fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    let functions = text.split("#[test]\n").skip(1);
    functions.filter_map(|rest| rest.split_once("fn ")?.1.split('(').next())
}

/// The edge's test modules that are compiled: name and text.
fn edge_tests() -> Vec<(String, String)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edge");
    let main = include_str!("../edge/main.rs");
    let modules = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let read = |name: &str| std::fs::read_to_string(format!("{directory}/{name}.rs")).unwrap();
    modules.map(|name| (name.to_owned(), read(name))).collect()
}

#[test]
fn the_list_of_requirements_names_every_test_of_them_and_no_other() {
    let list = include_str!("../../docs/conformance.md");
    let modules = edge_tests();
    let is_of_an_rfc = |module: &str| module.starts_with("rfc");
    let exists = |name: &str| {
        let (wanted, name) =
            name.rsplit_once("::").map_or((None, name), |(module, name)| (Some(module), name));
        modules.iter().any(|(module, text)| {
            wanted.map_or_else(|| is_of_an_rfc(module), |wanted| wanted == module)
                && tests_in(text).any(|test| test == name)
        })
    };
    let marked = list.split('`').skip(1).step_by(2);
    let is_test = |word: &&str| word.matches('_').count() > 2 && !word.contains([' ', '/']);
    let missing: Vec<_> = marked.filter(is_test).filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");

    let of_rfcs = modules.iter().filter(|(module, _)| is_of_an_rfc(module));
    let tests: Vec<_> = of_rfcs.flat_map(|(_, text)| tests_in(text)).collect();
    assert!(tests.len() > 100, "the tests were not found");
    let unlisted: Vec<_> = tests.iter().filter(|test| !list.contains(&format!("`{test}`"))).collect();
    assert!(unlisted.is_empty(), "not in docs/conformance.md: {unlisted:#?}");
}

#[test]
fn the_list_of_requirements_counts_them_right() {
    let list = include_str!("../../docs/conformance.md");
    let rows: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")).collect();
    let twice: Vec<_> =
        rows.windows(2).filter(|pair| pair[0].split(" | ").next() == pair[1].split(" | ").next()).collect();
    assert!(twice.is_empty(), "one requirement, two rows: {twice:#?}");
    let kept_by: Vec<_> = rows
        .iter()
        .filter_map(|row| match row.split(" | ").collect::<Vec<_>>()[..] {
            [_, _, kept_by] if kept_by != "kept by" && kept_by != "---" => Some(kept_by),
            _ => None,
        })
        .collect();
    let mut sum = 0;
    for (what, beginning) in [
        ("kept, by a test", "`"),
        ("open", "Open"),
        ("does not arise", "Does not arise"),
        ("not possible on the platform", "Not possible on the platform"),
        ("not for a shared cache", "Not for a shared cache"),
    ] {
        let count = kept_by.iter().filter(|text| text.starts_with(beginning)).count();
        // A kind of which there is nothing may be left out.
        let is_left_out = count == 0 && !list.contains(&format!("\n| {what} |"));
        assert!(is_left_out || list.contains(&format!("\n| {what} | {count} |\n")), "{what}: {count}");
        sum += count;
    }
    assert_eq!(sum, kept_by.len(), "every row says by what it is kept, or why it is not");
    assert!(list.contains(&format!("\n| all | {sum} |\n")), "all: {sum}");
}
