//! Which inline style may apply: the hash source of `Content-Security-Policy` (CSP Level 3 §2.3.1).
//!
//! The hash is taken from the template, so that whoever edits it need not know of this.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The text between `<style>` and `</style>` in `html`; empty if there is none.
pub(super) fn style_of(html: &str) -> &str {
    let after = html.split_once("<style>").map_or("", |(_, after)| after);
    after.split_once("</style>").map_or("", |(style, _)| style)
}

/// The SHA-256 digest of `text` in base64.
pub(super) fn sha256_base64(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_style_alone() {
        // As openssl computes it of "abc".
        let html = "<p><style>abc</style><style>d</style>";
        assert_eq!(sha256_base64(style_of(html)), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        assert_eq!(style_of("<style>abc"), "");
    }
}
