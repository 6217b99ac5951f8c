//! Variables that wrangler would not hand to the worker as they are written. Nothing may be deployed then.

use crate::document::{Field, Node, line_of};
use crate::effects::is_slip;
use crate::findings::{Problem, VARIABLE};
use crate::scope::Scope;

impl Scope<'_> {
    /// Settings outside of `vars`, which would deploy the defaults, and keys that stand twice.
    pub(crate) fn check_variables(&self, problems: &mut Vec<Problem>) {
        for field in self.table.fields() {
            if field.key == VARIABLE || is_slip(&field.key, VARIABLE) {
                let text = format!(
                    "{} is no key of wrangler's, and the worker would run on defaults: the settings are read from vars.{VARIABLE}",
                    field.key
                );
                problems.push(self.problem(Some(line_of(self.text, field.at)), "", text));
            }
            if field.key == "vars" {
                self.check_twice("", field, problems);
            }
            // All environments are in the last one.
            if field.key == "env" && field.earlier.is_some() {
                self.twice("", field, problems);
            }
        }
    }

    /// Refuses `field` in `table` if it stands twice, and whatever in it does.
    fn check_twice(&self, table: &str, field: &Field, problems: &mut Vec<Problem>) {
        self.twice(table, field, problems);
        let inner = if table.is_empty() { field.key.clone() } else { format!("{table}.{}", field.key) };
        self.check_twice_in(&inner, &field.value, problems);
    }

    fn check_twice_in(&self, table: &str, node: &Node, problems: &mut Vec<Problem>) {
        node.fields().iter().for_each(|field| self.check_twice(table, field, problems));
        for (index, entry) in node.entries().iter().enumerate() {
            self.check_twice_in(&format!("{table}[{index}]"), entry, problems);
        }
    }

    fn twice(&self, table: &str, field: &Field, problems: &mut Vec<Problem>) {
        if let Some(earlier) = field.earlier {
            let text = format!(
                "{} stands in line {} too, and only one of the two would count; make one of them",
                field.key,
                line_of(self.text, earlier)
            );
            problems.push(self.problem(Some(line_of(self.text, field.at)), table, text));
        }
    }
}
