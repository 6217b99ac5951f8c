//! Templates, rendered at a small cost in code.

use std::fmt::Write;

use askama::Template;

/// Renders `template`. It writes through a vtable, so that each piece of text costs a call in the module and not an
/// inlined append to a `String`.
pub(crate) fn rendered(template: &impl Template) -> String {
    let mut text = String::new();
    // Writing to a `String` does not fail.
    let _ = template.render_into(&mut text as &mut dyn Write);
    text
}
