//! The findings of a check: what would be deployed, and what is wrong with it.

use std::fmt;

use holdfast::config::Config;

/// The variable with the settings.
pub(crate) const VARIABLE: &str = "HOLDFAST";

/// What was found to be valid.
#[derive(Debug)]
pub struct Summary {
    /// The file, as it was named.
    pub file: String,
    /// One for the top level, then one for each environment.
    pub environments: Vec<Environment>,
}

/// One environment and what it would run with.
#[derive(Debug)]
pub struct Environment {
    /// Its name; `None` for the top level.
    pub name: Option<String>,
    /// Its configuration; the defaults if it has no `HOLDFAST`.
    pub config: Config,
    /// The size of its `HOLDFAST` in bytes of JSON; `None` if it has none.
    pub bytes: Option<usize>,
    /// What is valid and has no effect, or will have none after the next release, by lines.
    pub warnings: Vec<Warning>,
}

/// What is valid and has no effect, or is written by a name that is about to go. It displays as its [`Problem`] does.
#[derive(Debug, PartialEq, Eq)]
pub struct Warning(pub(crate) Problem);

/// Why nothing may be deployed.
#[derive(Debug)]
pub struct Problems {
    /// The file, as it was named.
    pub file: String,
    /// At least one, in the order of the file's environments.
    pub problems: Vec<Problem>,
}

/// One thing to change in the file. It displays as `line: [table] what is wrong`.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1, where there is one to point at.
    pub line: Option<usize>,
    /// The table as a header writes it, without the brackets; empty for the file as a whole.
    pub table: String,
    /// What is wrong and what to write instead.
    pub text: String,
}

impl Summary {
    /// All warnings, each as a line of its own.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let warnings = self.environments.iter().flat_map(|environment| &environment.warnings);
        warnings.map(|Warning(problem)| problem.in_file(&self.file, "warning: "))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, environment) in self.environments.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(out, "{separator}{}: {environment}", self.file)?;
            for Warning(problem) in &environment.warnings {
                write!(out, "\n{}", problem.in_file(&self.file, "warning: "))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(out, "[env.{name}.vars.{VARIABLE}] ")?,
            None => write!(out, "[vars.{VARIABLE}] ")?,
        }
        match self.bytes {
            Some(bytes) => {
                match self.warnings.len() {
                    0 => write!(out, "is in order")?,
                    1 => write!(out, "is valid, with 1 warning")?,
                    warnings => write!(out, "is valid, with {warnings} warnings")?,
                }
                write!(out, " ({bytes} of {} bytes), ", Config::MOST_BYTES)?;
            }
            None => write!(out, "is absent, defaults hold, ")?,
        }
        match self.config.origins.as_slice() {
            [] => write!(out, "to the zone's own origin")?,
            [first, rest @ ..] => {
                write!(out, "to {}", first.url.as_str())?;
                for origin in rest {
                    write!(out, ", then {}", origin.url.as_str())?;
                }
            }
        }
        match self.config.routes.len() {
            0 => Ok(()),
            1 => write!(out, ", with 1 route"),
            routes => write!(out, ", with {routes} routes"),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(out, "{separator}{}", problem.in_file(&self.file, ""))?;
        }
        Ok(())
    }
}

impl Problem {
    /// `file:line: kind[table] text`.
    fn in_file(&self, file: &str, kind: &str) -> String {
        let line = self.line.map(|line| format!("{line}:")).unwrap_or_default();
        format!("{file}:{line} {kind}{self}")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.table.is_empty() {
            write!(out, "[{}] ", self.table)?;
        }
        write!(out, "{}", self.text)
    }
}

impl std::error::Error for Problems {}
