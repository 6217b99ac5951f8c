//! The top level of a file, or one environment in it. What is deployed by it, and where does it stand?

use crate::document::{Node, Syntax, line_of};
use crate::findings::{Problem, VARIABLE};

/// The top level or one environment.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'d> {
    /// Its name; `None` for the top level.
    pub name: Option<&'d str>,
    /// What stands in it.
    pub table: &'d Node,
    /// Where it begins.
    pub line: usize,
    /// The whole file.
    pub document: &'d Node,
    /// Its text.
    pub text: &'d str,
    /// Its language.
    pub syntax: Syntax,
}

impl<'d> Scope<'d> {
    /// The variable as it stands in this environment.
    pub(crate) fn variable(&self) -> Option<&'d Node> {
        self.table.at_path(&["vars", VARIABLE])
    }

    /// The routes and custom domains that this environment is deployed to, its own or inherited.
    pub(crate) fn routes(&self) -> Vec<Deployed<'d>> {
        let own = ["route", "routes"].iter().any(|key| self.table.get(key).is_some());
        let from = if own { self.table } else { self.document };
        let one = from.get("route").into_iter();
        let many = from.get("routes").map(Node::entries).unwrap_or_default();
        one.chain(many)
            .filter_map(|route| {
                let pattern = route.get("pattern").unwrap_or(route);
                let is_custom_domain = route.get("custom_domain").and_then(Node::switch) == Some(true);
                Some(Deployed { pattern: pattern.text()?, is_custom_domain, at: pattern.at })
            })
            .collect()
    }

    /// The line of the setting `key`, as errors name it, or of what is nearest around it.
    pub(crate) fn line_of_setting(&self, key: &str) -> usize {
        let variable = self.variable();
        let offset = variable.map(|variable| variable.offset_of(key).unwrap_or(variable.at));
        offset.map_or(self.line, |offset| line_of(self.text, offset))
    }

    pub(crate) fn problem(&self, line: Option<usize>, table: &str, text: String) -> Problem {
        let outer = self.name.map(|name| format!("env.{name}"));
        let parts: Vec<&str> =
            outer.as_deref().into_iter().chain([table]).filter(|part| !part.is_empty()).collect();
        Problem { line, table: parts.join("."), text }
    }

    /// What this environment says of `key`, or else the top level.
    pub(crate) fn inherited(&self, key: &str) -> Option<&'d Node> {
        self.table.get(key).or_else(|| self.document.get(key))
    }
}

/// Where an environment is deployed to.
pub(crate) struct Deployed<'d> {
    /// The pattern of a route, or a custom domain.
    pub pattern: &'d str,
    /// Whether it is a custom domain.
    pub is_custom_domain: bool,
    /// The offset of the pattern.
    pub at: usize,
}
