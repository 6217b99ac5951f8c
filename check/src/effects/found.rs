//! What was found so far.

use crate::document::line_of;
use crate::findings::Warning;
use crate::scope::Scope;

/// What was found, and where to look.
pub(super) struct Effects<'s, 'd> {
    /// The environment.
    pub scope: &'s Scope<'d>,
    /// All warnings so far.
    pub found: Vec<Warning>,
}

impl Effects<'_, '_> {
    /// Warns at what begins at `at`, in `table`.
    pub(super) fn warn(&mut self, at: usize, table: &str, text: String) {
        let line = line_of(self.scope.text, at);
        self.found.push(Warning(self.scope.problem(Some(line), table, text)));
    }

    /// Warns at the setting `key`.
    pub(super) fn warn_setting(&mut self, key: &str, text: &str) {
        let line = self.scope.line_of_setting(key);
        let text = format!("{key} {text}");
        self.found.push(Warning(self.scope.problem(Some(line), "vars.HOLDFAST", text)));
    }
}

/// Whether `word` is probably a slip for `name`: another case, or at most two letters away.
pub(crate) fn is_slip(word: &str, name: &str) -> bool {
    let plain = |text: &str| text.to_ascii_uppercase().replace('-', "_");
    word != name && strsim::damerau_levenshtein(&plain(word), &plain(name)) <= 2
}
