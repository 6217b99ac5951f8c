//! Is what stands in wrangler's file fit to be deployed, and is it the file that wrangler reads?

use std::path::{Path, PathBuf};

pub use check::{
    COMPATIBILITY_DATE, COMPATIBILITY_FLAGS, Environment, Problem, Problems, Summary, Warning, check_text,
};

use crate::root;

/// Reads `file`, or the one that wrangler would read in the project's folder, and checks each environment in it; finds
/// every problem in one pass. A file that wrangler would leave aside for another one is refused.
pub fn check(file: Option<&Path>) -> Result<Summary, Problems> {
    let file = match file {
        Some(file) => file.to_owned(),
        None => read_in(root()).unwrap_or_else(|| root().join("wrangler.toml")),
    };
    let name = file.display().to_string();
    let problem = |text| Problems {
        file: name.clone(),
        problems: vec![Problem { line: None, table: String::new(), text }],
    };
    let text = std::fs::read_to_string(&file).map_err(|error| problem(format!("cannot be read: {error}")))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_by_default = file.file_name().is_some_and(|name| check::NAMES.iter().any(|known| name == *known));
    if is_by_default && let Some(read) = read_in(folder).filter(|read| !is_same(read, &file)) {
        return Err(problem(check::left_aside(&read.display().to_string())));
    }
    check_text(&name, &text)
}

/// The file that wrangler would read in `folder`.
fn read_in(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    let folders: Vec<_> = folder.ancestors().collect();
    let is_file =
        |number: usize, name: &str| folders.get(number).is_some_and(|folder| folder.join(name).is_file());
    let redirect = folders.iter().map(|folder| folder.join(check::REDIRECT)).find(|file| file.is_file());
    let read = check::read_by_wrangler(folders.len(), is_file);
    redirect.or_else(|| read.and_then(|(number, name)| Some(folders.get(number)?.join(name))))
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn said(file: &Path) -> String {
        check(Some(file)).map_or_else(|problems| problems.to_string(), |summary| summary.to_string())
    }

    #[test]
    fn a_file_that_wrangler_would_leave_aside_is_refused() {
        let folder = std::env::temp_dir().join(format!("check-{}", std::process::id()));
        let inner = folder.join("inner");
        fs::create_dir_all(&inner).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        write("wrangler.toml", "name = 'a'");
        write("inner/wrangler.toml", "name = 'b'");
        let toml = folder.join("wrangler.toml");
        assert!(said(&toml).contains("defaults hold"), "{}", said(&toml));
        write("wrangler.jsonc", "{ \"name\": \"a\" } // …");
        for file in [toml, inner.join("wrangler.toml")] {
            assert!(said(&file).contains("wrangler.jsonc and leaves this file aside"), "{}", said(&file));
        }
        let jsonc = folder.join("wrangler.jsonc");
        assert!(said(&jsonc).contains("defaults hold"), "{}", said(&jsonc));
        write("wrangler.staging.toml", "name = 'a'");
        let named = folder.join("wrangler.staging.toml");
        assert!(said(&named).contains("defaults hold"), "one that has to be named: {}", said(&named));
        fs::create_dir_all(folder.join(".wrangler/deploy")).unwrap();
        write(check::REDIRECT, "{}");
        assert!(said(&jsonc).contains("config.json and leaves this file aside"), "{}", said(&jsonc));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let absent = said(Path::new("no/such/wrangler.toml"));
        assert!(absent.starts_with("no/such/wrangler.toml: cannot be read: "), "{absent}");
    }

    /// What follows each `key` in `text`, up to the next quotation mark, and what stands in quotation marks then.
    fn given<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
        let values = text.split(key).skip(1).filter_map(|rest| rest.split_once('"'));
        let values = values.filter_map(|(between, rest)| {
            let rest = if between.is_empty() { rest.split_once('"')?.1 } else { rest };
            Some(rest.split('"').next()?.trim())
        });
        values.filter(|value| value.starts_with("20")).collect()
    }

    #[test]
    fn every_configuration_has_the_date_that_is_tested_and_those_that_are_ours_its_flags() {
        let mut files = vec![root().join("wrangler.toml"), root().join("README.md")];
        let mut folders: Vec<_> = ["docs", "npm", "deploy"].map(|name| root().join(name)).into();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
                let list = if entry.file_type().unwrap().is_dir() { &mut folders } else { &mut files };
                list.push(entry.path());
            }
        }
        let mut found = 0;
        for file in files {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            // What is warned of is a line of a configuration, or one that is wrong.
            let text = match (
                text.split_once("<!-- warnings: begin -->"),
                text.split_once("<!-- warnings: end -->"),
            ) {
                (Some((before, _)), Some((_, after))) => format!("{before}{after}"),
                _ => text,
            };
            for key in ["compatibility_date", "compatibilityDate"] {
                for date in given(&text, key) {
                    assert_eq!(date, COMPATIBILITY_DATE, "{}", file.display());
                    found += 1;
                    for flag in COMPATIBILITY_FLAGS {
                        assert!(text.contains(&format!("\"{flag}\"")), "{}: {flag}", file.display());
                    }
                }
            }
        }
        assert!(found >= 4, "the configurations were not found");
    }
}
